"""Reads a dead-letter queue, or parts of it, without a consumer group."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from waypost_common.consumption import Record
from waypost_common.errors import CannotRunError
from waypost_common.kafka import create_admin
from waypost_common.report.letters import Filters, Letter, Queue, letter_of
from waypost_common.report.partitions import open_reader, partition_counts
from waypost_common.settings import KafkaSettings
from waypost_common.unreadable import read_around

POLL_MS: Final = 500
MAX_RECORDS: Final = 500
SILENCE_S: Final = 20.0


class QueueReader:
    """`topic`: its full name; `partitions`: how many it has. The consumer is this reader's alone."""

    def __init__(self, consumer: AIOKafkaConsumer, *, topic: str, partitions: int) -> None:
        self._consumer = consumer
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]

    async def held(self) -> dict[int, range]:
        """The offsets that each partition holds now."""
        starts = await self._consumer.beginning_offsets(self._partitions)
        ends = await self._consumer.end_offsets(self._partitions)
        return {one.partition: range(starts[one], ends[one]) for one in self._partitions}

    async def letters(self, queue: Queue, filters: Filters) -> list[Letter]:
        """Those that the filters take, oldest first. Values are read and let go."""
        wanted = {partition: filters.offsets(partition, held) for partition, held in (await self.held()).items()}
        found = [letter async for record in self.records(wanted) if filters.take(letter := letter_of(queue, record))]
        return sorted(found, key=lambda letter: (letter.at, letter.place))

    async def values(self, letters: Sequence[Letter]) -> dict[tuple[int, int], Record]:
        """The records of these letters, by partition and offset; those that Kafka has deleted meanwhile are left out."""
        places = {letter.place for letter in letters}
        held = await self.held()
        wanted = {}
        for partition in {partition for partition, _ in places}:
            offsets = [offset for number, offset in places if number == partition and offset in held[partition]]
            wanted[partition] = range(min(offsets), max(offsets) + 1) if offsets else range(0)
        return {
            (record.partition, record.offset): record
            async for record in self.records(wanted)
            if (record.partition, record.offset) in places
        }

    async def records(self, wanted: Mapping[int, range]) -> AsyncIterator[Record]:
        """Raises CannotRunError when Kafka deletes what is being read, or says nothing for SILENCE_S."""
        left = {one: wanted[one.partition] for one in self._partitions if wanted.get(one.partition)}
        self._consumer.assign(list(left))
        for partition, offsets in left.items():
            self._consumer.seek(partition, offsets.start)
        heard = time.monotonic()
        while left:
            polled = await self._poll(left)
            for partition, records in polled.items():
                for record in records:
                    if record.offset in left[partition]:
                        yield record
            if polled:
                heard = time.monotonic()
            elif time.monotonic() - heard > SILENCE_S:
                raise CannotRunError(f"Kafka has sent nothing for {SILENCE_S:.0f} s: look after it, then run this again")
            for partition in list(left):
                if await self._consumer.position(partition) >= left[partition].stop:
                    del left[partition]
                    self._consumer.pause(partition)

    async def _poll(self, left: Mapping[TopicPartition, range]) -> Mapping[TopicPartition, Sequence[Record]]:
        stands = {partition: await self._consumer.position(partition) for partition in left}
        try:
            return await self._consumer.getmany(*left, timeout_ms=POLL_MS, max_records=MAX_RECORDS)
        except UnicodeDecodeError:
            for partition, offset in stands.items():
                self._consumer.seek(partition, offset)
            return await read_around(self._consumer, stands, max_records=MAX_RECORDS)
        except OffsetOutOfRangeError as error:
            raise CannotRunError("Kafka deleted old dead letters while they were being read: run this again") from error


@asynccontextmanager
async def open_queue(settings: KafkaSettings, queue: Queue) -> AsyncIterator[QueueReader]:
    """Raises CannotRunError when the topic is not there."""
    name = queue.topic(settings)
    admin = create_admin(settings, client_id="waypost-dlq")
    try:
        await admin.start()
        counts = await partition_counts(admin, [name])
    finally:
        await admin.close()
    if name not in counts:
        raise CannotRunError(f"there is no topic {name}: run `waypost migrate` first")
    async with open_reader(settings) as consumer:
        yield QueueReader(consumer, topic=name, partitions=counts[name])
