"""The events topic from where it begins up to given offsets, read outside any group."""

import time
from collections.abc import AsyncIterator, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from waypost_common.consumption import Record
from waypost_common.unreadable import read_around
from waypost_store.errors import StoreError

POLL_MS: Final = 500
SILENCE_S: Final = 30.0


class LogReader:
    """Each call of `read` goes on where the last one ended."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition], *, max_records: int) -> None:
        self._consumer = consumer
        self._partitions = partitions
        self._max_records = max_records
        self._next: dict[TopicPartition, int] = {}

    async def start(self, since: Mapping[int, int] | None = None) -> dict[int, int]:
        """Where each partition begins. To be called first. Reading begins there, or at `since` where that is later."""
        starts = await self._consumer.beginning_offsets(self._partitions)
        self._next = {partition: max(offset, (since or {}).get(partition.partition, 0)) for partition, offset in starts.items()}
        self._consumer.assign(self._partitions)
        for partition, offset in self._next.items():
            self._consumer.seek(partition, offset)
        return {partition.partition: offset for partition, offset in starts.items()}

    async def ends(self) -> dict[int, int]:
        found = await self._consumer.end_offsets(self._partitions)
        return {partition.partition: offset for partition, offset in found.items()}

    async def read(self, until: Mapping[int, int]) -> AsyncIterator[list[Record]]:
        """All records below these offsets that were not read yet, in log order per partition.

        Raises StoreError when some of them are no longer there, or do not come.
        """
        heard = time.monotonic()
        while left := [one for one in self._partitions if self._next[one] < until[one.partition]]:
            self._consumer.pause(*(set(self._partitions) - set(left)))
            self._consumer.resume(*left)
            records = [
                record
                for partition, polled in (await self._poll(left)).items()
                for record in self._taken(partition, polled, until[partition.partition])
            ]
            if records:
                heard = time.monotonic()
                yield records
            elif time.monotonic() - heard > SILENCE_S:
                raise StoreError(f"Kafka gave no events for {SILENCE_S:.0f} s: look at its brokers, then run this again")

    async def _poll(self, left: list[TopicPartition]) -> Mapping[TopicPartition, list[Record]]:
        try:
            return await self._consumer.getmany(*left, timeout_ms=POLL_MS, max_records=self._max_records)
        except OffsetOutOfRangeError as error:
            raise StoreError("the log was shortened meanwhile: run this again, it says what that means") from error
        except UnicodeDecodeError:
            for partition in left:
                self._consumer.seek(partition, self._next[partition])
            reading = {partition: self._next[partition] for partition in left}
            return await read_around(self._consumer, reading, max_records=self._max_records)

    def _taken(self, partition: TopicPartition, polled: list[Record], until: int) -> list[Record]:
        taken = [record for record in polled if record.offset < until]
        if len(taken) < len(polled):
            self._consumer.seek(partition, until)
        if polled:
            self._next[partition] = taken[-1].offset + 1 if len(taken) == len(polled) else until
        return taken
