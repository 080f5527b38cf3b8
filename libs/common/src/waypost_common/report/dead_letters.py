"""What is left in the two dead-letter queues: how many, and why the newest went there."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer

from waypost_common.errors import CannotRunError
from waypost_common.mongo import MongoDatabase
from waypost_common.report.letters import Queue, letter_of
from waypost_common.report.queue_reader import QueueReader
from waypost_common.report.settled import load_settled, newest_left
from waypost_common.settings import KafkaSettings

NEWEST: Final = 300
READ_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class DeadLetters:
    """Without those that were replayed or dropped."""

    topic: str
    count: int
    by_reason: dict[str, int]
    """Of the newest some hundred."""
    newest_at: int | None
    """Kafka's timestamp (ms, UTC) of the newest."""

    def to_json(self) -> dict[str, Any]:
        return {"topic": self.topic, "count": self.count, "byReason": self.by_reason, "newestAt": self.newest_at}


async def dead_letters(
    settings: KafkaSettings, database: MongoDatabase, consumer: AIOKafkaConsumer, counts: Mapping[str, int]
) -> list[DeadLetters]:
    """`consumer`: of `open_reader`, nobody else's meanwhile; `counts`: partitions of the topics that exist, by full name."""
    return [
        await _of_queue(database, consumer, queue, queue.topic(settings), counts[queue.topic(settings)])
        for queue in Queue
        if queue.topic(settings) in counts
    ]


async def _of_queue(
    database: MongoDatabase, consumer: AIOKafkaConsumer, queue: Queue, topic: str, partitions: int
) -> DeadLetters:
    settled: dict[int, set[int]] = {number: set() for number in range(partitions)}
    for partition, offset in await load_settled(database, topic):
        settled.setdefault(partition, set()).add(offset)
    reasons: Counter[str] = Counter()
    newest_at: int | None = None
    reader = QueueReader(consumer, topic=topic, partitions=partitions)
    held = await reader.held()
    busy = sum(bool(offsets) for offsets in held.values())
    wanted = {number: newest_left(offsets, settled[number], max(1, NEWEST // max(1, busy))) for number, offsets in held.items()}
    # What could not be read in time is missing among the reasons, not in the count.
    with suppress(TimeoutError, CannotRunError):
        async with asyncio.timeout(READ_TIMEOUT_S):
            async for record in reader.records(wanted):
                if record.offset not in settled[record.partition]:
                    reasons[letter_of(queue, record).reason] += 1
                    newest_at = max(newest_at or 0, record.timestamp)
    left = sum(len(offsets) - sum(offset in offsets for offset in settled[number]) for number, offsets in held.items())
    return DeadLetters(topic=topic, count=left, by_reason=dict(reasons.most_common()), newest_at=newest_at)
