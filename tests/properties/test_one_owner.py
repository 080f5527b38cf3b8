"""However looks, takes, releases and the clocks of several processes interleave, at most one of them may act for a session."""

import asyncio
from collections.abc import Mapping, Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.waypost_connector.owned import ORGANIZATION, Counters, MemoryFences
from waypost_common.identifiers import SessionId
from waypost_connector.backend import OvertakenError
from waypost_connector.fences import Fences, Hold, Taken, Taking

SESSION = SessionId("s1")
PROCESSES = 3
TURNS = 8
"""Rounds of the loop after which everything that can go on has."""


class SteppedFences(MemoryFences):
    """Goes on when it is told to, before and after each question: as a process that is slow, or stopped, anywhere."""

    def __init__(self, holder: str, counters: Counters) -> None:
        super().__init__(holder, counters)
        self.steps = asyncio.Semaphore(0)

    async def take(self, takings: Sequence[Taking]) -> Mapping[SessionId, Taken]:
        await self.steps.acquire()
        taken = await super().take(takings)
        await self.steps.acquire()
        # As the read that follows the write finds it: another process may have taken it in between.
        return {session: made for session, made in taken.items() if self.counters.fences[session] == made.fence}

    async def fences(self, sessions: Sequence[SessionId]) -> Mapping[SessionId, int]:
        await self.steps.acquire()
        fences = await super().fences(sessions)
        await self.steps.acquire()
        return fences

    async def release(self, fences: Mapping[SessionId, int]) -> None:
        await self.steps.acquire()
        await super().release(fences)
        await self.steps.acquire()


class World:
    """One session, several processes that want it, and a clock."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.now = 0.0
        counters = Counters()
        self.records = [SteppedFences(f"process {number}", counters) for number in range(PROCESSES)]
        self.fences = [Fences(records, monotonic=lambda: self.now) for records in self.records]
        self.holds: list[Hold | None] = [None] * PROCESSES
        self.holders: list[asyncio.Task[None] | None] = [None] * PROCESSES
        self.looks = [0] * PROCESSES
        self.highest = 0
        self._tasks = tasks
        self.looking = [tasks.create_task(self._look(number), name=f"look {number}") for number in range(PROCESSES)]

    async def _look(self, number: int) -> None:
        while True:
            await self.records[number].steps.acquire()
            await self.fences[number].look()
            self.looks[number] += 1

    async def _hold(self, number: int) -> None:
        try:
            async with self.fences[number].held(Taking(SESSION, ORGANIZATION, lambda: None)) as hold:
                self.holds[number] = hold
                await asyncio.Event().wait()
        except OvertakenError:
            return
        finally:
            self.holds[number] = None

    async def do(self, step: tuple[str, int, float]) -> None:
        what, number, seconds = step
        holder = self.holders[number]
        match what:
            case "wait":
                self.now += seconds
            case "step":
                await self._step(number)
            case "look":
                before = self.looks[number]
                while self.looks[number] == before:
                    await self._step(number)
            case "take" if holder is None or holder.done():
                self.holders[number] = self._tasks.create_task(self._hold(number), name=f"hold {number}")
            case "leave" if holder is not None:
                holder.cancel()
        await self._settle()

    async def _step(self, number: int) -> None:
        self.records[number].steps.release()
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)
            self.check()

    def check(self) -> None:
        acting = [hold.fence for hold in self.holds if hold is not None and hold.is_current()]
        assert len(acting) <= 1
        for fence in acting:
            assert fence >= self.highest
            self.highest = fence

    def end(self) -> None:
        for task in (*self.looking, *self.holders):
            if task is not None:
                task.cancel()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["wait", "look", "look", "step", "take", "take", "leave"]),
        st.integers(0, PROCESSES - 1),
        st.sampled_from([0.4, 1.0, 1.9, 2.1]),
    ),
    min_size=30,
    max_size=80,
)


async def live(steps: Sequence[tuple[str, int, float]]) -> None:
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        world = World(tasks)
        try:
            for step in steps:
                await world.do(step)
        finally:
            world.end()


@example([("take", 1, 0.4), ("look", 1, 0.4), ("take", 0, 0.4), ("look", 0, 0.4), ("wait", 0, 1.0), ("wait", 0, 1.0)])
@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_never_do_two_processes_act_for_one_session_and_never_an_older_one_after_a_newer(
    steps: list[tuple[str, int, float]],
) -> None:
    asyncio.run(live(steps))
