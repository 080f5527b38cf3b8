"""How far each consumer is behind its topic, and how old the first record is that it has not taken yet."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import OffsetOutOfRangeError

from waypost_common.documents import NO_OFFSET, Collection
from waypost_common.identifiers import EpochMs
from waypost_common.mongo import MongoDatabase
from waypost_common.report.groups import committed_offsets
from waypost_common.report.partitions import partitions_of
from waypost_common.settings import KafkaSettings
from waypost_common.topics import (
    COMMANDS_STORE,
    EVENTS,
    INGEST_GROUP,
    OUTCOMES,
    STORE_GROUP,
    STORE_OUTCOMES_GROUP,
    connector_group,
    group_name,
    live_commands,
    topic_name,
)

Nexts = dict[TopicPartition, int | None]
"""The first offsets that a group has not taken yet."""
Offsets = Mapping[TopicPartition, int]

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

    def to_json(self) -> dict[str, Any]:
        return {
            "group": self.group,
            "topic": self.topic,
            "partition": self.partition,
            "nextOffset": self.next_offset,
            "logStart": self.log_start,
            "logEnd": self.log_end,
            "lag": self.lag,
            "oldestUnprocessedMs": self.oldest_ms,
        }


async def partition_lags(
    settings: KafkaSettings,
    database: MongoDatabase,
    admin: AIOKafkaAdminClient,
    consumer: AIOKafkaConsumer,
    *,
    counts: Mapping[str, int],
    generations: Iterable[int],
    now: EpochMs,
) -> list[PartitionLag]:
    """For ingest by `positions` of each of these generations, the truth (rule R4); for all others by what they have committed."""
    nexts: dict[str, Nexts] = {}
    events = topic_name(settings, EVENTS)
    for generation in generations:
        applied = await _applied(database, generation)
        nexts[group_name(settings, INGEST_GROUP, generation)] = {
            TopicPartition(events, partition): applied.get(partition) for partition in range(counts.get(events, 0))
        }
    connectors = {connector_group(backend): live_commands(backend) for backend in settings.backend_names}
    for group, topic in {STORE_GROUP: COMMANDS_STORE, STORE_OUTCOMES_GROUP: OUTCOMES, **connectors}.items():
        if count := counts.get(topic_name(settings, topic), 0):
            name = group_name(settings, group)
            nexts[name] = await committed_offsets(admin, name, partitions_of(settings, topic, count))
    partitions = list({partition for own in nexts.values() for partition in own})
    starts = await consumer.beginning_offsets(partitions) if partitions else {}
    ends = await consumer.end_offsets(partitions) if partitions else {}
    for group in connectors:  # without a commit in the log they begin at its start, and so after one that ran out
        own = nexts.get(group_name(settings, group), {})
        own |= {one: starts[one] for one, offset in own.items() if offset is None or offset < starts[one]}
    return [lag for group, own in nexts.items() for lag in await _lags(consumer, group, own, starts, ends, now=now)]


async def _lags(
    consumer: AIOKafkaConsumer, group: str, nexts: Nexts, starts: Offsets, ends: Offsets, *, now: EpochMs
) -> list[PartitionLag]:
    behind = {
        partition: max(offset, starts[partition])
        for partition, offset in nexts.items()
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
        for partition, offset in nexts.items()
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
