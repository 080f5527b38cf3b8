"""Every topic, declared once. Clients never create one: `waypost migrate` does."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from waypost_common.settings import KafkaSettings

DAY_MS: Final = 86_400_000
MIB: Final = 1024 * 1024
KEEP: Final = -1

EVENTS: Final = "wa.events"
COMMANDS_STORE: Final = "wa.commands.store"
OUTCOMES: Final = "wa.outcomes"
EVENTS_DLQ: Final = "wa.events.dlq"
COMMANDS_DLQ: Final = "wa.commands.dlq"

INGEST_GROUP: Final = "waypost.ingest"
STORE_GROUP: Final = "waypost.store"
STORE_OUTCOMES_GROUP: Final = "waypost.store.outcomes"


def live_commands(backend: str) -> str:
    return f"wa.commands.live.{backend}"


def connector_group(backend: str) -> str:
    """The group of all connectors of a backend: a session's commands reach one of them."""
    return f"waypost.connector.{backend}"


@dataclass(frozen=True, kw_only=True)
class Topic:
    name: str
    """As in the design, without the prefix of the settings."""
    retention_ms: int
    max_message_bytes: int
    description: str

    def config(self, settings: KafkaSettings) -> dict[str, str]:
        return {
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
            "min.insync.replicas": str(settings.min_insync_replicas),
            "compression.type": "producer",
            "message.timestamp.type": "CreateTime",
        }


_FIXED: Final = (
    Topic(
        name=EVENTS,
        retention_ms=KEEP,
        max_message_bytes=8 * MIB,
        description="Every event, kept for ever: the truth that all documents are folded from.",
    ),
    Topic(
        name=COMMANDS_STORE,
        retention_ms=7 * DAY_MS,
        max_message_bytes=8 * MIB,
        description="Commands that concern only the stored copy.",
    ),
    Topic(name=OUTCOMES, retention_ms=7 * DAY_MS, max_message_bytes=8 * MIB, description="What became of each command."),
    Topic(
        name=EVENTS_DLQ,
        retention_ms=30 * DAY_MS,
        max_message_bytes=9 * MIB,
        description="Events that can never be applied, with the reason.",
    ),
    Topic(
        name=COMMANDS_DLQ,
        retention_ms=30 * DAY_MS,
        max_message_bytes=33 * MIB,
        description="Commands of a wrong shape, with the reason.",
    ),
)


def topics(settings: KafkaSettings) -> tuple[Topic, ...]:
    """All topics of a system with these settings."""
    live = (
        Topic(
            name=live_commands(backend),
            retention_ms=7 * DAY_MS,
            max_message_bytes=32 * MIB,
            description=f"Commands for the connectors of the {backend} backend.",
        )
        for backend in settings.backend_names
    )
    return (*_FIXED, *live)


def topic_name(settings: KafkaSettings, topic: str) -> str:
    return settings.topic_prefix + topic


def group_name(settings: KafkaSettings, group: str, generation: int = 1) -> str:
    return settings.topic_prefix + (group if generation == 1 else f"{group}.g{generation}")


def topic_names(settings: KafkaSettings) -> Iterable[str]:
    return (topic_name(settings, topic.name) for topic in topics(settings))
