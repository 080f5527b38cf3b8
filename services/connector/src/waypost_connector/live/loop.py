"""Reads the topic of live commands and commits each partition up to its first unfinished command.

It is the loop of the other services (`waypost_common.consumption`) with two differences: what is read is not finished yet, so
what may be committed comes from the lanes; and a full queue pauses its partition alone.
"""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from waypost_common.backlog import Behind
from waypost_common.consumption import Batch, ConsumptionLoop, NextOffsets, Record
from waypost_common.crash_points import NO_CRASH, CrashPoints
from waypost_common.dead_letters import DeadLetter, DeadLetterLimit, note_dead_letter
from waypost_common.first_offsets import start_offsets
from waypost_common.identifiers import EpochMs
from waypost_common.topics import COMMANDS_DLQ
from waypost_connector.assignment import Assignment
from waypost_connector.live.intake import Accepted, read_live_command
from waypost_connector.live.lanes import Lanes
from waypost_connector.live.metrics import LiveMetrics
from waypost_connector.live.offsets import UnfinishedOffsets
from waypost_connector.live.output import Output

log = structlog.stdlib.get_logger(__name__)

MAX_RECORDS: Final = 200


class CommandLoop(ConsumptionLoop):
    """A ConsumptionLoop that is its own handler."""

    def __init__(
        self,
        output: Output,
        metrics: LiveMetrics,
        assignment: Assignment,
        *,
        revoke_deadline_s: float,
        crash: CrashPoints = NO_CRASH,
    ) -> None:
        super().__init__(self, max_records=MAX_RECORDS, revoke_deadline_s=revoke_deadline_s, crash=crash)
        self.lanes: Lanes | None = None
        """Given before the loop runs: the lanes tell the loop what is finished."""
        self._output = output
        self._metrics = metrics
        self._assignment = assignment
        self._limit = DeadLetterLimit()
        self._unfinished: dict[TopicPartition, UnfinishedOffsets] = {}
        self._full: dict[TopicPartition, Accepted] = {}
        """Paused partitions, each with the command that its queue had no room for."""
        self._committed: dict[TopicPartition, int] = {}
        self._ending = False

    def behind(self) -> Iterator[Behind]:
        """Of what was read, that counts which is not finished; but not the sends that wait for their turn."""
        for partition, offset in self._reading.items():
            end, urgent = self._end(partition), self._unfinished[partition].urgent
            if end is not None:
                yield self._backlog.behind(partition, end - offset + len(urgent), urgent[0] / 1_000 if urgent else None)

    def finished(self, item: Accepted) -> None:
        record = item.record
        if unfinished := self._unfinished.get(TopicPartition(record.topic, record.partition)):
            unfinished.finish(record.offset)

    async def assigned(self, partitions: Collection[TopicPartition], consumer: AIOKafkaConsumer) -> NextOffsets:
        offsets = await start_offsets(partitions, consumer)
        given = {partition.partition for partition in consumer.assignment()}
        [topic] = {partition.topic for partition in partitions}
        self._assignment.assigned(given, count=len(consumer.partitions_for_topic(topic) or ()))
        self._unfinished |= {partition: UnfinishedOffsets(offset) for partition, offset in offsets.items()}
        log.info("command_partitions_assigned", partitions=sorted(partition.partition for partition in partitions))
        return offsets

    async def process(self, batch: Batch) -> NextOffsets:
        """Queues what is a command, buries what is none. What finds no room is read again when there is some."""
        if self._ending:
            return {partition: records[0].offset for partition, records in batch.items()}
        read = {partition: [read_live_command(record) for record in records] for partition, records in batch.items()}
        dead = [item for items in read.values() for item in items if isinstance(item, DeadLetter)]
        if dead:
            await self._output.dead_letters(dead)
        return {partition: self._queue(partition, items) for partition, items in read.items()}

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Of no partition at all, `assigned` is never told."""
        await super().on_partitions_assigned(assigned)
        if not assigned:
            self._assignment.assigned((), count=0)

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Whoever gets the partitions gets what was not begun; what was may end, within the deadline, so that it is committed."""
        self._assignment.revoked()
        self._revoking = True
        await self._let_go(self._revoke_deadline_s)
        await super().on_partitions_revoked(revoked)
        self._unfinished.clear()
        self._full.clear()
        self._committed.clear()

    async def end(self, seconds: float) -> None:
        """Takes nothing more and lets what was begun end, for so long; `run` then commits and returns."""
        self._ending = True
        await self._let_go(seconds)
        self.stop()

    async def _let_go(self, seconds: float) -> None:
        if self.lanes is None:
            return
        self.lanes.drop()
        try:
            async with asyncio.timeout(seconds):
                await self.lanes.idle()
        except TimeoutError:
            log.warning("commands_under_way_left_uncommitted", commands=len(self.lanes))

    def _queue(self, partition: TopicPartition, items: Sequence[Accepted | DeadLetter]) -> int:
        """The offset that is to be read next."""
        unfinished = self._unfinished[partition]
        for item in items:
            offset = item.record.offset
            if isinstance(item, DeadLetter):
                self._count_dead(item)
                unfinished.read(offset, finished=True)
            elif self.lanes is not None and self.lanes.offer(item):
                self._limit.count(dead=False)
                unfinished.read(offset, since=None if item.may_wait else EpochMs(item.record.timestamp))
            else:
                self._full[partition] = item
                return offset
        return items[-1].record.offset + 1

    def _count_dead(self, letter: DeadLetter) -> None:
        """Raises ConsumptionStoppedError when too much of the topic goes to its dead-letter queue."""
        note_dead_letter(letter, self._metrics.dead_letters, COMMANDS_DLQ)
        self._limit.count(dead=True)

    async def _poll(self, consumer: AIOKafkaConsumer) -> bool:
        for partition, item in list(self._full.items()):
            if self.lanes is not None and self.lanes.has_room(item):
                del self._full[partition]
                if partition in consumer.assignment():
                    consumer.resume(partition)
        return await super()._poll(consumer)

    def _settle(
        self, consumer: AIOKafkaConsumer, partition: TopicPartition, records: Sequence[Record], next_offsets: NextOffsets
    ) -> None:
        super()._settle(consumer, partition, records, next_offsets)
        if partition in self._full and partition in consumer.assignment():
            consumer.pause(partition)

    async def _commit(self) -> None:
        safe = {partition: unfinished.committable for partition, unfinished in self._unfinished.items()}
        self._uncommitted = {partition: offset for partition, offset in safe.items() if offset != self._committed.get(partition)}
        await super()._commit()
        self._committed |= {partition: offset for partition, offset in safe.items() if partition not in self._uncommitted}
