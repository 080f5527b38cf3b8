"""Partitions and offsets, as Kafka tells them to whoever asks without a consumer group."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import UnknownTopicOrPartitionError

from waypost_common.kafka import create_consumer
from waypost_common.settings import KafkaSettings
from waypost_common.topics import topic_name


async def partition_counts(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, int]:
    """How many partitions each of these topics has, 0 where this user may not see it; topics that do not exist are left out."""
    described: list[dict[str, Any]] = await admin.describe_topics(list(names))
    counts = {}
    for topic in described:
        if topic["error_code"] == UnknownTopicOrPartitionError.errno:
            continue
        counts[topic["topic"]] = len(topic["partitions"])
    return counts


@asynccontextmanager
async def open_reader(settings: KafkaSettings, group: str | None = None) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that joins no group: it reads offsets, and may commit for a group that has no members.

    Over TLS each costs several handshakes and logins: one serves a whole report.
    """
    consumer = create_consumer(
        settings,
        client_id="waypost",
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="none",
        request_timeout_ms=settings.request_timeout_ms,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


def partitions_of(settings: KafkaSettings, topic: str, count: int) -> list[TopicPartition]:
    return [TopicPartition(topic_name(settings, topic), partition) for partition in range(count)]
