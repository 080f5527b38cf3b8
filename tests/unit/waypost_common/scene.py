"""A loop with its fake surroundings."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import TopicPartition
from tests.unit.waypost_common.fake_consumer import Clock, FakeConsumer, RecordingHandler

from waypost_common.consumption import ConsumptionLoop

Log = dict[TopicPartition, int]


class Scene:
    """A loop with its fake surroundings. It ends at the first poll that finds nothing, unless the test says otherwise."""

    def __init__(self, log: Log, *, max_records: int = 100, starts: Log | None = None, deadline_s: float = 60.0) -> None:
        self.clock = Clock()
        self.consumer = FakeConsumer(self.clock, log)
        self.handler = RecordingHandler(self.consumer, starts)
        self.loop = ConsumptionLoop(self.handler, max_records=max_records, revoke_deadline_s=deadline_s, monotonic=self.clock)
        self.consumer.on_empty_poll = self.loop.stop

    async def run(self) -> None:
        async with asyncio.timeout(5):
            await self.loop.run(self.consumer)  # type: ignore[arg-type]

    async def rebalance(self, *partitions: TopicPartition) -> None:
        await self.loop.on_partitions_revoked(self.consumer.assignment())
        self.consumer.rebalance(partitions)
        await self.loop.on_partitions_assigned(partitions)

    def stop_when(self, condition: Callable[[], object]) -> None:
        """Ends the loop at the first empty poll at which this holds."""

        def check() -> None:
            if condition():
                self.loop.stop()

        self.consumer.on_empty_poll = check

    @property
    def last_commit(self) -> Log:
        return self.consumer.commits[-1][1]


async def beside(first: Awaitable[Any], then: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(_awaited(first), name="first")
        tasks.create_task(_awaited(then()), name="then")


async def _awaited(one: Awaitable[Any]) -> None:
    await one
