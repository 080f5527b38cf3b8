"""How far each consumer is behind its topic, and how old the first record is that it has not taken yet."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from waypost_common.documents import NO_OFFSET, Collection
from waypost_common.identifiers import EpochMs
from waypost_common.mongo import MongoDatabase
from waypost_common.settings import KafkaSettings
from waypost_common.topics import (
    COMMANDS_STORE,
    EVENTS,
    INGEST_GROUP,
    OUTCOMES,
    STORE_GROUP,
    STORE_OUTCOMES_GROUP,
    group_name,
    topic_name,
)
from waypost_store.setup.offsets import committed_offsets, open_reader

READ_TIMEOUT_S = 5.0
POLL_MS = 500


@dataclass(frozen=True, kw_only=True)
class PartitionLag:
    group: str
    topic: str
    partition: int
    next_offset: int | None
    """The first offset not taken yet; None when nothing says where the consumer is."""
    log_start: int
    log_end: int
    oldest_ms: int | None
    """Age of the record at `next_offset`, by its Kafka timestamp; None without lag."""

    @property
    def lag(self) -> int:
        return 0 if self.next_offset is None else max(0, self.log_end - max(self.next_offset, self.log_start))


async def partition_lags(
    settings: KafkaSettings, database: MongoDatabase, counts: Mapping[str, int], generation: int, *, now: EpochMs
) -> list[PartitionLag]:
    """For ingest by `positions`, the truth (rule R4); for the store by what it has committed."""
    nexts: dict[tuple[str, TopicPartition], int | None] = {}
    events = topic_name(settings, EVENTS)
    applied = await _applied(database, generation)
    for partition in range(counts.get(events, 0)):
        nexts[group_name(settings, INGEST_GROUP, generation), TopicPartition(events, partition)] = applied.get(partition)
    for group, topic in ((STORE_GROUP, COMMANDS_STORE), (STORE_OUTCOMES_GROUP, OUTCOMES)):
        count = counts.get(topic_name(settings, topic), 0)
        if count:
            committed = await committed_offsets(settings, group, topic, count)
            nexts |= {(group_name(settings, group), partition): offset for partition, offset in committed.items()}
    if not nexts:
        return []
    async with open_reader(settings) as consumer:
        partitions = [partition for _, partition in nexts]
        starts = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        behind = {
            partition: max(offset, starts[partition])
            for (_, partition), offset in nexts.items()
            if offset is not None and max(offset, starts[partition]) < ends[partition]
        }
        timestamps = await _timestamps(consumer, behind)
    return [
        PartitionLag(
            group=group,
            topic=partition.topic,
            partition=partition.partition,
            next_offset=offset,
            log_start=starts[partition],
            log_end=ends[partition],
            oldest_ms=None if partition not in timestamps else max(0, now - timestamps[partition]),
        )
        for (group, partition), offset in nexts.items()
    ]


async def _applied(database: MongoDatabase, generation: int) -> dict[int, int]:
    positions = {}
    async for document in database[Collection.POSITIONS].find({"generation": generation}):
        applied = int(document["offset"])
        positions[int(document["partition"])] = int(document["logStart"]) if applied == NO_OFFSET else applied + 1
    return positions


async def _timestamps(consumer: AIOKafkaConsumer, behind: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
    """Kafka's timestamp of the first record at or after each offset, for those that answer in time."""
    found: dict[TopicPartition, int] = {}
    if not behind:
        return found
    consumer.assign(list(behind))
    for partition, offset in behind.items():
        consumer.seek(partition, offset)
    until = time.monotonic() + READ_TIMEOUT_S
    while len(found) < len(behind) and time.monotonic() < until:
        try:
            polled = await consumer.getmany(timeout_ms=POLL_MS)
        except OffsetOutOfRangeError:
            break
        for partition, records in polled.items():
            if records and partition not in found:
                found[partition] = records[0].timestamp
                consumer.pause(partition)
    return found


def worst(lags: Sequence[PartitionLag]) -> PartitionLag | None:
    """The one with the oldest record that was not taken yet."""
    behind = [lag for lag in lags if lag.lag > 0]
    return max(behind, key=lambda lag: (lag.oldest_ms or 0, lag.lag), default=None)
