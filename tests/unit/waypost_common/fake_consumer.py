"""A consumer of a log in memory, with a clock that only its polls move: the loop's tests take no time."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError

from waypost_common.consumption import Batch, NextOffsets, Record
from waypost_common.fetch_wait import FETCH_WAIT_MS

TOPIC = "wa.events"
P0 = TopicPartition(TOPIC, 0)
P1 = TopicPartition(TOPIC, 1)


def record(partition: TopicPartition, offset: int, value: bytes = b"{}") -> Record:
    return Record(
        topic=partition.topic,
        partition=partition.partition,
        offset=offset,
        timestamp=1_719_662_400_000,
        timestamp_type=0,
        key=b"S1",
        value=value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=(),
    )


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class FakeConsumer:
    """`log` says how many records each partition holds. A poll that finds nothing moves the clock by its timeout."""

    def __init__(self, clock: Clock, log: Mapping[TopicPartition, int]) -> None:
        self.clock = clock
        self.log = dict(log)
        self.assigned: set[TopicPartition] = set(log)
        self.positions = dict.fromkeys(log, 0)
        self.paused: set[TopicPartition] = set()
        self.poll_errors: list[BaseException | None] = []
        self.commit_errors: list[Exception] = []
        self.commits: list[tuple[float, dict[TopicPartition, int]]] = []
        self.polls: list[frozenset[TopicPartition]] = []
        """What was paused at each poll."""
        self.unreadable: set[tuple[TopicPartition, int]] = set()
        """Records that a poll raises for, having moved on the positions of the partitions before."""
        self.on_empty_poll: Callable[[], Any] = lambda: None
        self.wait_when_empty: Callable[[], Awaitable[object]] | None = None
        """Takes the place of moving the clock."""
        self._fetcher = SimpleNamespace(_fetch_max_wait_ms=FETCH_WAIT_MS)

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self.assigned)

    def highwater(self, partition: TopicPartition) -> int:
        return self.log[partition]

    def rebalance(self, partitions: Collection[TopicPartition]) -> None:
        """As aiokafka does: a new assignment knows neither pauses nor positions of the old one."""
        self.assigned = set(partitions)
        self.paused.clear()
        self.positions = dict.fromkeys(partitions, 0)

    def pause(self, *partitions: TopicPartition) -> None:
        self._check(partitions)
        self.paused |= set(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self._check(partitions)
        self.paused -= set(partitions)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._check([partition])
        self.positions[partition] = offset

    async def getmany(
        self, *only: TopicPartition, timeout_ms: int, max_records: int | None = None
    ) -> dict[TopicPartition, list[Record]]:
        self.polls.append(frozenset(self.paused))
        await asyncio.sleep(0)
        if self.poll_errors and (error := self.poll_errors.pop(0)) is not None:
            self.clock.now += 0.01
            raise error
        found: dict[TopicPartition, list[Record]] = {}
        left = max_records or 1_000
        for partition in sorted(self.assigned - self.paused if not only else set(only) - self.paused):
            start = self.positions[partition]
            end = min(self.log[partition], start + left)
            if end > start:
                if any((partition, offset) in self.unreadable for offset in range(start, end)):
                    raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
                found[partition] = [record(partition, offset) for offset in range(start, end)]
                self.positions[partition] = end
                left -= end - start
        if not found and self.wait_when_empty is not None:
            await self.wait_when_empty()
        elif not found:
            self.clock.now += max(timeout_ms, 1) / 1_000
            if not only:
                self.on_empty_poll()
        return found

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        await asyncio.sleep(0)
        if self.commit_errors:
            raise self.commit_errors.pop(0)
        self.commits.append((self.clock.now, dict(offsets)))

    def _check(self, partitions: Collection[TopicPartition]) -> None:
        if not set(partitions) <= self.assigned:
            raise IllegalStateError("not assigned")


class RecordingHandler:
    """Takes everything, unless told otherwise."""

    def __init__(self, consumer: FakeConsumer, starts: NextOffsets | None = None) -> None:
        self.consumer = consumer
        self.starts = starts
        self.calls: list[tuple[str, Any]] = []
        self.assigned_errors: list[Exception] = []
        self.when_assigned: Callable[[], object] = lambda: None
        self.process_errors: list[BaseException | None] = []
        self.answers: list[NextOffsets] = []
        self.entered = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def assigned(self, partitions: Collection[TopicPartition], consumer: Any) -> NextOffsets:
        self.calls.append(("assigned", frozenset(partitions)))
        await asyncio.sleep(0)
        self.when_assigned()
        if self.assigned_errors:
            raise self.assigned_errors.pop(0)
        return dict.fromkeys(partitions, 0) if self.starts is None else self.starts

    async def process(self, batch: Batch) -> NextOffsets:
        self.calls.append(("process", {partition: offsets(records) for partition, records in batch.items()}))
        self.entered.set()
        await self.gate.wait()
        if self.process_errors and (error := self.process_errors.pop(0)) is not None:
            raise error
        if self.answers:
            return self.answers.pop(0)
        return {partition: records[-1].offset + 1 for partition, records in batch.items()}

    @property
    def batches(self) -> list[dict[TopicPartition, list[int]]]:
        return [what for name, what in self.calls if name == "process"]


def offsets(records: Sequence[Record]) -> list[int]:
    return [one.offset for one in records]
