"""What lies in the two dead-letter queues: how many, and why the newest went there."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from waypost_common.kafka import header_text
from waypost_common.settings import KafkaSettings
from waypost_common.topics import COMMANDS_DLQ, EVENTS_DLQ, topic_name
from waypost_store.setup.offsets import open_reader, partitions_of

NEWEST = 300
READ_TIMEOUT_S = 5.0
POLL_MS = 500


@dataclass(frozen=True, kw_only=True)
class DeadLetters:
    topic: str
    count: int
    by_reason: dict[str, int]
    """Of the newest some hundred."""
    newest_at: int | None
    """Kafka's timestamp (ms, UTC) of the newest."""


async def dead_letters(settings: KafkaSettings, counts: Mapping[str, int]) -> list[DeadLetters]:
    return [
        await _of_topic(settings, topic, counts[topic_name(settings, topic)])
        for topic in (EVENTS_DLQ, COMMANDS_DLQ)
        if topic_name(settings, topic) in counts
    ]


async def _of_topic(settings: KafkaSettings, topic: str, count: int) -> DeadLetters:
    partitions = partitions_of(settings, topic, count)
    reasons: Counter[str] = Counter()
    newest_at: int | None = None
    async with open_reader(settings) as consumer:
        starts = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        held = [partition for partition in partitions if ends[partition] > starts[partition]]
        unread = set(held)
        if held:
            consumer.assign(held)
        for partition in held:
            consumer.seek(partition, max(starts[partition], ends[partition] - max(1, NEWEST // len(held))))
        until = time.monotonic() + READ_TIMEOUT_S
        while unread and time.monotonic() < until:
            for partition, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                for record in records:
                    reasons[header_text(record.headers, "dlq-reason") or "unknown"] += 1
                    newest_at = max(newest_at or 0, record.timestamp)
                if records and records[-1].offset + 1 >= ends[partition]:
                    unread.discard(partition)
    total = sum(ends[partition] - starts[partition] for partition in partitions)
    return DeadLetters(topic=topic_name(settings, topic), count=total, by_reason=dict(reasons.most_common()), newest_at=newest_at)
