"""Makes the topics, and brings the configuration of those that exist up to date."""

from collections.abc import Sequence
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from waypost_common.report.partitions import partition_counts
from waypost_common.settings import KafkaSettings
from waypost_common.topics import Topic, topic_name, topics
from waypost_store.errors import StoreError
from waypost_store.setup.change import Change

DYNAMIC_TOPIC_CONFIG = 1
"""Kafka's number for "set on this topic" among the sources of a configuration value."""
OPERATORS_OWN = frozenset({"retention.ms"})
"""Set when a topic is made and never after: shortening the log is the operator's choice."""


async def topic_changes(admin: AIOKafkaAdminClient, settings: KafkaSettings) -> list[Change]:
    """Raises StoreError when a topic exists with another number of partitions than the settings say, or may not be seen."""
    names = {topic_name(settings, topic.name): topic for topic in topics(settings)}
    counts = await partition_counts(admin, list(names))
    if hidden := sorted(name for name, count in counts.items() if count == 0):
        raise StoreError(f"Kafka does not show {', '.join(hidden)} to this user: give it the rights of docs/security.md")
    differing = {name: count for name, count in counts.items() if count != settings.partitions}
    if differing:
        listed = ", ".join(f"{name} has {count}" for name, count in sorted(differing.items()))
        raise StoreError(
            f"WAYPOST_KAFKA_PARTITIONS is {settings.partitions}, but {listed}: set it to what the topics have "
            "(another number would break the order of chats; it takes new topics under another "
            "WAYPOST_KAFKA_TOPIC_PREFIX and a rebuild)"
        )
    missing = {name: topic for name, topic in names.items() if name not in counts}
    changes = [
        Change(
            description=f"make topic {name} with {settings.partitions} partitions",
            apply=lambda name=name, topic=topic: _create(admin, settings, name, topic),  # type: ignore[misc]
        )
        for name, topic in missing.items()
    ]
    present = {name: topic for name, topic in names.items() if name in counts}
    return changes + await _config_changes(admin, settings, present)


async def _create(admin: AIOKafkaAdminClient, settings: KafkaSettings, name: str, topic: Topic) -> None:
    new = NewTopic(name, settings.partitions, settings.replication_factor, topic_configs=topic.config(settings))
    response: Any = await admin.create_topics([new])
    for _, code, message in response.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            raise StoreError(
                f"Kafka does not make topic {name}: {message or for_code(code).__name__} "
                f"(WAYPOST_KAFKA_REPLICATION_FACTOR is {settings.replication_factor})"
            )


async def _config_changes(admin: AIOKafkaAdminClient, settings: KafkaSettings, present: dict[str, Topic]) -> list[Change]:
    if not present:
        return []
    changes = []
    actual = await _described_configs(admin, list(present))
    for name, topic in present.items():
        wanted = topic.config(settings)
        current = {key: value for key, (value, _) in actual[name].items()}
        differing = {key: value for key, value in wanted.items() if key not in OPERATORS_OWN and current.get(key) != value}
        if differing:
            # The request replaces all that is set on the topic, so what is there goes along.
            own = {key: value for key, (value, source) in actual[name].items() if source == DYNAMIC_TOPIC_CONFIG}
            listed = ", ".join(f"{key}={value}" for key, value in differing.items())
            changes.append(
                Change(
                    description=f"set {listed} on topic {name}",
                    apply=lambda name=name, configs=own | differing: _alter(admin, name, configs),  # type: ignore[misc]
                )
            )
    return changes


async def retention_ms(admin: AIOKafkaAdminClient, topic: str) -> int:
    """How long the topic keeps its records; -1 for ever. Raises StoreError when Kafka does not tell."""
    configs = await _described_configs(admin, [topic])
    return int(configs[topic]["retention.ms"][0])


async def _described_configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, tuple[str, int]]]:
    responses: list[Any] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    configs: dict[str, dict[str, tuple[str, int]]] = {}
    for response in responses:
        for code, message, _, name, entries in response.resources:
            if code != 0:
                raise StoreError(f"Kafka does not describe topic {name}: {message or for_code(code).__name__}")
            configs[name] = {key: (value, source) for key, value, _, source, *_ in entries}
    return configs


async def _alter(admin: AIOKafkaAdminClient, name: str, configs: dict[str, str]) -> None:
    responses: list[Any] = await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=configs)])
    for response in responses:
        for code, message, *_ in response.resources:
            if code != 0:
                raise StoreError(f"Kafka does not change the configuration of {name}: {message or for_code(code).__name__}")
