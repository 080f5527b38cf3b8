"""Topics: all of them, declared once."""

import pytest

from waypost_common.settings import KafkaSettings
from waypost_common.topics import (
    EVENTS,
    EVENTS_DLQ,
    INGEST_GROUP,
    KEEP,
    group_name,
    live_commands,
    topic_name,
    topic_names,
    topics,
)

TOPICS = topics(KafkaSettings())
BY_NAME = {topic.name: topic for topic in TOPICS}


def test_each_topic_is_declared_once() -> None:
    assert len(BY_NAME) == len(TOPICS)
    assert live_commands("simulated") in BY_NAME


def test_events_are_kept_for_ever_and_nothing_else_is() -> None:
    assert {topic.name for topic in TOPICS if topic.retention_ms == KEEP} == {EVENTS}


@pytest.mark.parametrize(("queue", "origin"), [(EVENTS_DLQ, EVENTS), ("wa.commands.dlq", live_commands("simulated"))])
def test_a_dead_letter_queue_takes_what_its_origin_takes_and_its_own_headers(queue: str, origin: str) -> None:
    assert BY_NAME[queue].max_message_bytes > BY_NAME[origin].max_message_bytes


def test_the_configuration_of_a_topic_is_text_that_kafka_takes() -> None:
    config = BY_NAME[EVENTS].config(KafkaSettings(min_insync_replicas=2))
    assert config["retention.ms"] == "-1"
    assert config["min.insync.replicas"] == "2"
    assert all(isinstance(value, str) for value in config.values())


def test_a_prefix_goes_before_every_topic_and_group() -> None:
    settings = KafkaSettings(topic_prefix="t1.")
    assert topic_name(settings, EVENTS) == "t1.wa.events"
    assert group_name(settings, INGEST_GROUP) == "t1.waypost.ingest"
    assert set(topic_names(settings)) == {f"t1.{topic.name}" for topic in TOPICS}


def test_each_backend_has_a_topic_of_its_own_and_the_first_is_the_default() -> None:
    settings = KafkaSettings(backends="one,two")
    assert {topic.name for topic in topics(settings)} - BY_NAME.keys() == {live_commands("one"), live_commands("two")}
    assert settings.default_backend == "one"


def test_each_generation_has_a_group_of_its_own() -> None:
    assert group_name(KafkaSettings(), INGEST_GROUP, 2) == "waypost.ingest.g2"
