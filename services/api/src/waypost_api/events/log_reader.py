"""Reads `wa.events` without a consumer group, from given positions on."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError

from waypost_api.events.resume_tokens import Positions
from waypost_common.consumption import Record
from waypost_common.identifiers import EpochMs
from waypost_common.kafka import create_consumer, start_whole
from waypost_common.settings import KafkaSettings
from waypost_common.unreadable import read_around

log = structlog.stdlib.get_logger(__name__)

STOP_S: Final = 5.0
FETCH_BYTES: Final = 4 * 1024 * 1024
PARTITION_FETCH_BYTES: Final = 256 * 1024


class LogCutError(Exception):
    """The log does not hold what comes next: it was shortened, or made again."""


class LogReader:
    """Opened by `open_log`. Every method raises KafkaError while Kafka is away."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: str, partitions: int) -> None:
        self._consumer = consumer
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]
        self._next: dict[TopicPartition, int] = {}

    async def starts(self) -> Positions:
        return self._in_order(await self._consumer.beginning_offsets(self._partitions))

    async def ends(self) -> Positions:
        return self._in_order(await self._consumer.end_offsets(self._partitions))

    async def at(self, moment: EpochMs) -> Positions:
        """The first records with that timestamp or a later one; the log's end where there is none."""
        # Read before: what is written in between is not passed over.
        ends = await self._consumer.end_offsets(self._partitions)
        found = await self._consumer.offsets_for_times(dict.fromkeys(self._partitions, moment))
        return self._in_order({one: ends[one] if found.get(one) is None else found[one].offset for one in self._partitions})

    async def check(self, positions: Positions) -> None:
        """Raises LogCutError unless the log holds all that comes next."""
        starts, ends = await self.starts(), await self.ends()
        if len(positions) != len(ends) or any(
            not start <= position <= end for start, position, end in zip(starts, positions, ends, strict=True)
        ):
            raise LogCutError

    def begin(self, positions: Positions) -> None:
        self._next = dict(zip(self._partitions, positions, strict=True))
        self._consumer.assign(self._partitions)
        for partition, offset in self._next.items():
            self._consumer.seek(partition, offset)

    def leave_out(self, partitions: Iterable[int]) -> None:
        """No more of these is read."""
        for number in partitions:
            if self._next.pop(self._partitions[number], None) is not None:
                self._consumer.pause(self._partitions[number])

    async def poll(self, *, timeout_ms: int, most: int) -> Sequence[Record]:
        """In order within each partition. Raises LogCutError when records were deleted unread."""
        try:
            polled = await self._consumer.getmany(*self._next, timeout_ms=timeout_ms, max_records=most)
        except UnicodeDecodeError:
            for partition, offset in self._next.items():
                self._consumer.seek(partition, offset)
            polled = await read_around(self._consumer, self._next, max_records=most)
        except (OffsetOutOfRangeError, NoOffsetForPartitionError) as error:
            raise LogCutError from error
        for partition, records in polled.items():
            if records:
                self._next[partition] = records[-1].offset + 1
        return [record for records in polled.values() for record in records]

    def _in_order(self, offsets: dict[TopicPartition, int]) -> Positions:
        return [offsets[partition] for partition in self._partitions]


@asynccontextmanager
async def open_log(settings: KafkaSettings, topic: str, partitions: int) -> AsyncIterator[LogReader]:
    """`topic`: its full name. What one reader holds in memory is bounded by FETCH_BYTES, or by one record."""
    consumer = create_consumer(
        settings,
        client_id="waypost-api-events",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        request_timeout_ms=settings.request_timeout_ms,
        fetch_max_bytes=FETCH_BYTES,
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
    )
    try:
        await start_whole(consumer)
        yield LogReader(consumer, topic, partitions)
    finally:
        await _stop(consumer)


async def _stop(consumer: AIOKafkaConsumer) -> None:
    """To its end, also where it is cancelled meanwhile. Raises nothing else: an error on the way here must win."""
    stopping = asyncio.get_running_loop().create_task(consumer.stop(), name="stop a reader of events")
    try:
        await asyncio.wait({stopping}, timeout=STOP_S)
    except asyncio.CancelledError:
        await asyncio.wait({stopping}, timeout=STOP_S)
        raise
    finally:
        stopping.cancel()
        for error in await asyncio.gather(stopping, return_exceptions=True):
            if error is not None:
                log.warning("events_not_left", error=type(error).__name__)
