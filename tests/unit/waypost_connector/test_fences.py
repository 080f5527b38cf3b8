"""Who may act for a session, when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError
from tests.processes import eventually
from tests.unit.waypost_connector.owned import ORGANIZATION, Counters, MemoryFences

from waypost_common.identifiers import SessionId
from waypost_connector.backend import OvertakenError
from waypost_connector.fences import ACT_SECONDS, Fences, Hold, Taking

SESSION = SessionId("s1")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def fences_of(holder: str, counters: Counters, clock: Clock) -> tuple[Fences, MemoryFences]:
    records = MemoryFences(holder, counters)
    return Fences(records, monotonic=clock), records


class Holding:
    """Takes a session with the first look, and says whether it was overtaken."""

    def __init__(self, fences: Fences, session: SessionId = SESSION) -> None:
        self.fences = fences
        self.session = session
        self.was_overtaken = False
        self._hold: Hold | None = None
        self._leave = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def hold(self) -> Hold:
        assert self._hold is not None
        return self._hold

    async def begin(self, *, above: int = 0) -> None:
        self._task = asyncio.get_running_loop().create_task(self.run(above), name="hold")
        await asyncio.sleep(0)
        await self.fences.look()
        await eventually(lambda: self._hold is not None, "it is held", every=0.001)

    async def end(self) -> None:
        self._leave.set()
        if self._task is not None:
            await self._task

    async def run(self, above: int) -> None:
        def overtaken() -> None:
            self.was_overtaken = True

        async with self.fences.held(Taking(self.session, ORGANIZATION, overtaken, above)) as hold:
            self._hold = hold
            await self._leave.wait()


@asynccontextmanager
async def holding(fences: Fences, *, above: int = 0) -> AsyncIterator[Holding]:
    one = Holding(fences)
    try:
        await one.begin(above=above)
        yield one
    finally:
        await one.end()


async def test_who_takes_a_session_that_nobody_has_acts_at_once() -> None:
    fences, _ = fences_of("a", Counters(), Clock())
    async with holding(fences) as one:
        assert one.hold.is_current()
        assert one.hold.fence == 1
        one.hold.check()
        await one.hold.confirmed()


async def test_nobody_acts_whose_last_look_is_longer_ago_than_it_may_be() -> None:
    clock = Clock()
    fences, _ = fences_of("a", Counters(), clock)
    async with holding(fences) as one:
        clock.now += ACT_SECONDS - 0.001
        assert one.hold.is_current()
        clock.now = 100.0 + ACT_SECONDS  # from then on the next owner may act
        assert not one.hold.is_current()
        with pytest.raises(OvertakenError):
            one.hold.check()
        await fences.look()
        assert one.hold.is_current()


async def test_a_look_counts_from_when_it_began() -> None:
    clock, counters = Clock(), Counters()
    fences, records = fences_of("a", counters, clock)
    async with holding(fences) as one:
        clock.now += 5
        records.took = lambda: setattr(clock, "now", clock.now + ACT_SECONDS + 0.1)
        await fences.look()
        assert not one.hold.is_current()


async def test_who_takes_a_session_from_another_one_waits_until_that_one_cannot_act_any_more() -> None:
    clock, counters = Clock(), Counters()
    before, _ = fences_of("a", counters, clock)
    after, _ = fences_of("b", counters, clock)
    async with holding(before) as old, holding(after) as new:
        assert new.hold.fence == old.hold.fence + 1
        assert old.hold.is_current()  # it has not looked yet
        assert not new.hold.is_current()
        clock.now += ACT_SECONDS + 0.001
        assert not old.hold.is_current()
        assert not new.hold.is_current()  # its look was too long ago as well
        await after.look()
        assert new.hold.is_current()


async def test_who_looks_and_finds_another_owner_is_overtaken_for_good() -> None:
    clock, counters = Clock(), Counters()
    before, _ = fences_of("a", counters, clock)
    after, _ = fences_of("b", counters, clock)
    async with holding(before) as old, holding(after):
        await before.look()
        assert old.was_overtaken
        assert old.hold.is_lost
        with pytest.raises(OvertakenError):
            await old.hold.confirmed()


async def test_who_takes_a_released_session_acts_at_once() -> None:
    clock, counters = Clock(), Counters()
    before, _ = fences_of("a", counters, clock)
    async with holding(before) as old:
        pass
    await before.flush()
    assert not old.was_overtaken
    after, _ = fences_of("b", counters, clock)
    async with holding(after) as new:
        assert new.hold.is_current()
        assert new.hold.fence == 2


async def test_a_session_let_go_of_before_one_could_act_is_not_free_for_others_at_once() -> None:
    """Else the owner before the last one could still be acting."""
    clock, counters = Clock(), Counters()
    first, _ = fences_of("a", counters, clock)
    second, _ = fences_of("b", counters, clock)
    third, _ = fences_of("c", counters, clock)
    async with holding(first) as old:
        async with holding(second):
            pass
        await second.flush()
        async with holding(third) as new:
            assert old.hold.is_current()
            assert not new.hold.is_current()


async def test_a_counter_that_was_lost_goes_on_above_what_was_told_before() -> None:
    fences, _ = fences_of("a", Counters(), Clock())
    async with holding(fences, above=41) as one:
        assert one.hold.fence == 42


async def test_an_outage_is_waited_out_and_gives_the_hold_back() -> None:
    counters = Counters()
    records = MemoryFences("a", counters)
    fences = Fences(records)
    one = Holding(fences)
    await one.begin()
    records.failure = ServerSelectionTimeoutError("away")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(fences.run(), name="look")
        await eventually(lambda: not one.hold.is_current(), "too long without a look")
        records.failure = None
        async with asyncio.timeout(10):
            await one.hold.confirmed()
        running.cancel()
    await one.end()


async def test_a_refusal_by_mongodb_ends_the_looks() -> None:
    records = MemoryFences("a", Counters())
    fences = Fences(records)
    one = Holding(fences)
    await one.begin()
    records.failure = OperationFailure("not authorized", 13)
    async with asyncio.timeout(10):
        with pytest.raises(OperationFailure):
            await fences.run()
    await one.end()


async def test_a_session_that_is_given_up_while_it_is_taken_is_released() -> None:
    counters = Counters()
    fences, records = fences_of("a", counters, Clock())

    async def take() -> None:
        async with fences.held(Taking(SESSION, ORGANIZATION, lambda: None)):
            raise AssertionError("never held")

    taking = asyncio.get_running_loop().create_task(take(), name="take")
    await asyncio.sleep(0)
    records.took = taking.cancel
    await fences.look()
    with pytest.raises(asyncio.CancelledError):
        await taking
    await fences.flush()
    assert counters.holders == {SESSION: None}


async def test_what_another_process_took_in_the_same_moment_is_left_to_it() -> None:
    counters = Counters()
    fences, records = fences_of("a", counters, Clock())
    records.misses = {SESSION}
    taking = asyncio.get_running_loop().create_task(Holding(fences).run(0), name="take")
    await asyncio.sleep(0)
    await fences.look()
    with pytest.raises(OvertakenError):
        await taking
