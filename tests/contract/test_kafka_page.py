"""docs/kafka.md tells nothing about topics, groups and partitions that the code does not say too."""

import re
from pathlib import Path

import pytest
from aiokafka.partitioner import DefaultPartitioner

from waypost_common.settings import KafkaSettings
from waypost_common.topics import (
    DAY_MS,
    INGEST_GROUP,
    KEEP,
    STORE_GROUP,
    STORE_OUTCOMES_GROUP,
    Topic,
    connector_group,
    topics,
)

PAGE = (Path(__file__).parents[2] / "docs/kafka.md").read_text()
TOPICS = topics(KafkaSettings())
GROUPS = {INGEST_GROUP, STORE_GROUP, STORE_OUTCOMES_GROUP, *map(connector_group, KafkaSettings().backend_names)}


def access_commands() -> list[str]:
    return re.findall(r"^acls (--allow-principal .*)$", PAGE.replace("\\\n", ""), re.MULTILINE)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_each_topic_is_listed_with_how_long_it_is_kept(topic: Topic) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith("| `wa.") and f"`{topic.name}`" in line]
    kept = row.rstrip(" |").rpartition("| ")[2]
    assert kept.startswith("for ever") if topic.retention_ms == KEEP else kept == f"{topic.retention_ms // DAY_MS} days"


def test_rights_are_given_on_topics_and_groups_that_there_are() -> None:
    commands = [command for command in access_commands() if "prefixed" not in command]
    assert len(commands) > 8
    named = {name for command in commands for name in re.findall(r"--topic (\S+)", command)}
    assert named == {topic.name for topic in TOPICS}
    assert {name for command in commands for name in re.findall(r"--group (\S+)", command)} == GROUPS


def test_only_services_may_write_events() -> None:
    writers = [command for command in access_commands() if "Write" in command and "--topic wa.events " in f"{command} "]
    assert {re.findall(r"User:(\S+)", command)[0] for command in writers} == {"waypost-store", "waypost-connector"}


def test_the_partitions_to_check_a_client_with_are_right() -> None:
    found = re.findall(r"`(tour[^`]*)`\s+(?:belongs\s+)?to\s+partition\s+(\d+)", PAGE)
    assert len(found) == 2
    partitions = list(range(32))
    assert [(key, str(DefaultPartitioner()(key.encode(), partitions, partitions))) for key, _ in found] == found
