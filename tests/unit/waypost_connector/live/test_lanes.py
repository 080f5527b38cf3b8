"""The queues of commands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.processes import eventually
from tests.unit.waypost_connector.live.scene import accepted

from waypost_connector.live.entry import Entry
from waypost_connector.live.intake import Accepted
from waypost_connector.live.lanes import PROMPT_CAPACITY, TOO_MANY_WAITING, WAITING_CAPACITY, Lanes


class Work:
    """Commands that are carried out while `gate` of their session is open."""

    def __init__(self) -> None:
        self.gates: dict[str, asyncio.Event] = {}
        self.started: list[Entry] = []
        self.finished: list[Accepted] = []

    def close(self, session: str) -> asyncio.Event:
        return self.gates.setdefault(session, asyncio.Event())

    async def execute(self, entry: Entry) -> None:
        self.started.append(entry)
        if (gate := self.gates.get(entry.item.command.session)) is not None:
            await gate.wait()

    async def until_started(self, number: int) -> None:
        await eventually(lambda: len(self.started) >= number, f"{number} started", every=0)

    async def until(self, finished: int) -> None:
        await eventually(lambda: len(self.finished) >= finished, f"{finished} finished", every=0.005)


@asynccontextmanager
async def lanes() -> AsyncIterator[tuple[Lanes, Work]]:
    work = Work()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        yield Lanes(work.execute, work.finished.append, tasks), work
        for gate in work.gates.values():
            gate.set()


def ids(items: list[Accepted]) -> list[str]:
    return [item.command.id for item in items]


async def test_commands_of_one_session_are_carried_out_in_their_order() -> None:
    items = [accepted("message.react") for _ in range(20)]
    async with lanes() as (queues, work):
        assert all(queues.offer(item) for item in items)
        await work.until(20)
    assert ids(work.finished) == ids(items)
    assert len(queues) == 0


async def test_a_slow_session_does_not_hold_up_another() -> None:
    slow, quick = accepted("message.react", session="S1"), accepted("message.react", session="S2")
    async with lanes() as (queues, work):
        work.close("S1")
        queues.offer(slow)
        queues.offer(quick)
        await work.until(1)
        assert ids(work.finished) == [quick.command.id]


async def test_a_send_that_waits_does_not_hold_up_a_reaction() -> None:
    waiting, reaction = accepted("message.send", payload={"mayWait": True}), accepted("message.react")

    async with lanes() as (queues, work):
        gate = asyncio.Event()

        async def execute(entry: Entry) -> None:
            if entry.item.may_wait:
                await gate.wait()

        queues._execute = execute
        queues.offer(waiting)
        queues.offer(reaction)
        await work.until(1)
        assert ids(work.finished) == [reaction.command.id]
        gate.set()


async def test_a_full_queue_takes_no_more_until_there_is_room() -> None:
    async with lanes() as (queues, work):
        gate = work.close("S1")
        assert queues.offer(accepted("message.react"))
        await work.until_started(1)
        for _ in range(PROMPT_CAPACITY):
            assert queues.offer(accepted("message.react"))
        beyond = accepted("message.react")
        assert not queues.offer(beyond)
        assert not queues.has_room(beyond)
        gate.set()
        await work.until(1)
        assert queues.has_room(beyond)


async def test_beyond_a_bound_sends_that_would_wait_are_refused() -> None:
    async with lanes() as (queues, work):
        gate = work.close("S1")
        for _ in range(WAITING_CAPACITY):
            assert queues.offer(accepted("message.send", payload={"mayWait": True}))
        beyond = accepted("message.send", payload={"mayWait": True})
        assert queues.offer(beyond)
        gate.set()
        await work.until(WAITING_CAPACITY + 1)
    [refused] = [entry for entry in work.started if entry.refusal is not None]
    assert (refused.item, refused.refusal) == (beyond, TOO_MANY_WAITING)


async def test_what_was_not_begun_is_forgotten_and_what_was_goes_on() -> None:
    begun, idle = accepted("message.react", session="S1"), accepted("message.react", session="S2")
    queued = accepted("message.react", session="S1")
    async with lanes() as (queues, work):
        gate = work.close("S1")
        work.close("S2")
        for item in (begun, queued, idle):
            queues.offer(item)
        await work.until_started(2)
        next(entry for entry in work.started if entry.item is begun).begun = True
        queues.drop()
        assert len(queues) == 1
        gate.set()
        await queues.idle()
    assert ids(work.finished) == [begun.command.id]
