"""Carries what one connection delivers to Kafka, and acknowledges it once it is there."""

import asyncio

from waypost_common.crash_points import NO_CRASH, CrashPoint, CrashPoints
from waypost_connector.backend import Connection, Delivery
from waypost_connector.fences import Hold
from waypost_connector.publisher import Publisher
from waypost_connector.session_records import SessionRecords

Submitted = tuple[Delivery, asyncio.Future[None]]


class Carrying:
    """Of one connection, which the caller disconnects."""

    def __init__(
        self,
        hold: Hold,
        connection: Connection,
        publisher: Publisher,
        records: SessionRecords,
        *,
        crash: CrashPoints = NO_CRASH,
    ) -> None:
        self._hold = hold
        self._crash = crash
        self._connection = connection
        self._publisher = publisher
        self._records = records
        self._submitted: asyncio.Queue[Submitted | None] = asyncio.Queue()  # bounded by the publisher's buffer
        self._taking: asyncio.Task[None] | None = None
        self._ended = False

    async def run(self) -> None:
        """Until `end`, or until the connection ends, which it raises in an ExceptionGroup as Connection.events does.

        Raises OvertakenError likewise.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._acknowledge(), name=f"acknowledge {self._hold.session}")
            self._taking = tasks.create_task(self._take(), name=f"take {self._hold.session}")
            # Not in `_take`: a task that is cancelled before its first step never gets there.
            self._taking.add_done_callback(lambda _: self._submitted.put_nowait(None))
            if self._ended:
                self._taking.cancel()

    def end(self) -> None:
        """Takes nothing more; `run` returns once what was taken is in Kafka and acknowledged."""
        self._ended = True
        if self._taking is not None:
            self._taking.cancel()

    async def _take(self) -> None:
        async for delivery in self._connection.events():
            record = await self._records.of_delivery(delivery)
            self._submitted.put_nowait((delivery, await self._publisher.submit(record)))

    async def _acknowledge(self) -> None:
        """Acknowledges in order, as many at once as Kafka has taken."""
        ended = False
        while not ended:
            batch = [await self._submitted.get()]
            while not self._submitted.empty():
                batch.append(self._submitted.get_nowait())
            ended = batch[-1] is None
            taken: list[Delivery] = []
            for delivery, done in filter(None, batch):
                if not done.done():
                    await self._tell(taken)
                    taken = []
                await done
                taken.append(delivery)
            await self._tell(taken)

    async def _tell(self, taken: list[Delivery]) -> None:
        if taken:
            await self._hold.confirmed()
            self._crash.passed(CrashPoint.CONNECTOR_BEFORE_ACKNOWLEDGE)
            await self._connection.acknowledge(taken)
