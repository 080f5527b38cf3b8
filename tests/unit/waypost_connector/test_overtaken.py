"""What a connector does for a session that another process has taken."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import repeat

import pytest
from tests.unit.waypost_connector.live.scene import accepted, scene, sent
from tests.unit.waypost_connector.owned import Counters, held
from tests.unit.waypost_connector.runner_scene import (
    DEVICE,
    RUNNING,
    UNPAIRED,
    Kafka,
    TinyBackend,
    TinyConnection,
    message,
    serving,
    surroundings_for,
    until,
)

from waypost_common.identifiers import SessionId
from waypost_connector.assignment import Assignment
from waypost_connector.backend import (
    BackendError,
    CallNotMadeError,
    Device,
    DeviceStore,
    KeysUnreadableError,
    OvertakenError,
    Paired,
    PairingCode,
    ReplacedError,
)
from waypost_connector.carrying import Carrying
from waypost_connector.fences import ACT_SECONDS
from waypost_connector.guarded_backend import GuardedBackend
from waypost_connector.live.entry import Entry
from waypost_connector.live.intake import Accepted
from waypost_connector.live.lanes import Lanes
from waypost_connector.publisher import Record
from waypost_connector.runners import Runners
from waypost_connector.session_runner import SessionRunner
from waypost_connector.wishes import Wish


def take_by_another(counters: Counters) -> None:
    counters.fences[DEVICE.session] += 1
    counters.holders[DEVICE.session] = "another"


async def test_its_connection_is_ended_and_nothing_more_is_told_of_it() -> None:
    counters, kafka, connection = Counters(), Kafka(), TinyConnection([message(1)], None)
    async with serving(TinyBackend(connection), kafka, counters=counters) as runner:
        await until(lambda: connection.acknowledged == [1])
        take_by_another(counters)
        await until(lambda: connection.disconnected)
        assert runner.was_overtaken
    assert kafka.statuses() == ["starting", "working"]
    assert counters.holders[DEVICE.session] == "another"


async def test_nothing_is_acknowledged_for_it() -> None:
    connection = TinyConnection([message(1), message(2)], None)
    hold = held("s1")
    async with surroundings_for(TinyBackend(connection), Kafka()) as around:
        carrying = Carrying(hold, connection, around.publisher, around.records(hold))
        hold.overtake()
        with pytest.raises(ExceptionGroup) as errors:
            await carrying.run()
    assert errors.group_contains(OvertakenError)
    assert connection.acknowledged == []


async def test_a_session_that_is_replaced_in_the_very_moment_ends_all_the_same() -> None:
    """A TaskGroup that is ending by an error may swallow that its task is cancelled."""
    counters, kafka = Counters(), Kafka()
    connection = TinyConnection([message(1)], ReplacedError("replaced"))
    async with serving(TinyBackend(connection), kafka, counters=counters) as runner:
        # Two rounds of the loop on, the connection's tasks are being ended by the error.
        loop, overtaken = asyncio.get_running_loop(), runner._overtaken
        connection.before_ending = lambda: loop.call_soon(loop.call_soon, overtaken)
        await until(lambda: runner.was_overtaken)
        await until(lambda: connection.disconnected)
        await until(lambda: counters.holders == {DEVICE.session: None})


async def test_a_session_whose_task_is_cancelled_while_its_connection_ends_by_an_error_ends_all_the_same() -> None:
    connection = TinyConnection([message(1)], ReplacedError("replaced"))
    async with surroundings_for(TinyBackend(connection), Kafka()) as around, asyncio.TaskGroup() as tasks:
        runner = SessionRunner(DEVICE, around.surroundings)
        runner.want(RUNNING)
        loop, running = asyncio.get_running_loop(), tasks.create_task(runner.run())

        def end() -> None:
            runner.stop()
            running.cancel()

        connection.before_ending = lambda: loop.call_soon(loop.call_soon, end)
        await asyncio.wait([running])
    assert connection.disconnected


async def test_it_is_taken_again_only_when_the_group_has_given_it_back() -> None:
    counters, connection = Counters(), TinyConnection([], None)
    assignment = Assignment(session_timeout_s=10)
    assignment.assigned([0], count=1)
    backend = TinyBackend(connection)
    async with surroundings_for(backend, Kafka(), counters=counters) as around, asyncio.TaskGroup() as tasks:
        runners = Runners(around.surroundings, assignment, tasks)
        runners.follow([RUNNING])
        await until(lambda: backend.attempts == 1)
        take_by_another(counters)
        await until(lambda: connection.disconnected)
        await until(lambda: len(runners) == 0)
        runners.follow([RUNNING])
        assert len(runners) == 0
        assignment.assigned([0], count=1)
        runners.follow([RUNNING])
        assert len(runners) == 1
        await runners.end(5)


async def test_it_is_taken_again_once_nobody_has_it_where_the_group_had_given_it_back_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process that wakes may be told of its new assignment first, and see only then that another one was at work."""
    monkeypatch.setattr("waypost_connector.runners.AGAIN_SECONDS", 0.0)
    counters, connection = Counters(), TinyConnection([], None)
    assignment = Assignment(session_timeout_s=10)
    assignment.assigned([0], count=1)
    backend = TinyBackend(connection)
    async with surroundings_for(backend, Kafka(), counters=counters) as around, asyncio.TaskGroup() as tasks:
        runners = Runners(around.surroundings, assignment, tasks)
        runners.follow([RUNNING])
        await until(lambda: backend.attempts == 1)
        take_by_another(counters)
        fence = counters.fences[DEVICE.session]
        await until(lambda: len(runners) == 0)
        runners.follow([RUNNING])
        await until(lambda: len(runners) == 0)
        assert (counters.fences[DEVICE.session], backend.attempts) == (fence, 1)
        counters.holders[DEVICE.session] = None
        runners.follow([RUNNING])
        await until(lambda: backend.attempts == 2)
        assert counters.fences[DEVICE.session] == fence + 1
        await runners.end(5)


async def test_a_backend_that_cannot_open_the_keys_fails_the_session_and_tries_again() -> None:
    kafka, backend = Kafka(), TinyBackend(BackendError("no key of WAYPOST_DEVICES_KEYS opens it"), TinyConnection([], None))
    async with serving(backend, kafka):
        await until(lambda: kafka.statuses() == ["starting", "failed", "working"])


async def test_a_session_whose_keys_cannot_be_opened_says_so_once_however_often_it_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waypost_connector.session_runner.delays", lambda _random: repeat(0.02))
    kafka, backend = Kafka(), TinyBackend(BackendError("no key of WAYPOST_DEVICES_KEYS opens it"))
    async with serving(backend, kafka):
        await until(lambda: backend.attempts == 10)
        assert kafka.statuses() == ["starting", "failed"]


async def test_a_session_that_was_taken_in_use_holds_up_no_other_before_it_may_act() -> None:
    kafka, counters = Kafka(), Counters()
    counters.fences[DEVICE.session] = 0
    take_by_another(counters)
    async with (
        surroundings_for(TinyBackend(TinyConnection([], None)), kafka, counters=counters) as around,
        asyncio.TaskGroup() as tasks,
    ):
        runner = SessionRunner(DEVICE, around.surroundings)
        runner.want(RUNNING)
        tasks.create_task(runner.run())
        await until(lambda: counters.holders[DEVICE.session] == "c1")
        of_another = Record("p.wa.events", DEVICE.session.encode(), b'{"event": "other"}', (), "other")
        async with asyncio.timeout(ACT_SECONDS / 2):
            await (await around.publisher.submit(of_another))
        assert kafka.statuses() == []
        runner.stop()


async def test_a_session_whose_keys_are_lost_can_be_logged_out_and_paired_anew() -> None:
    class NeedsKeys(TinyBackend):
        async def unlink(self, device: Device, store: DeviceStore) -> None:
            raise KeysUnreadableError("no key of WAYPOST_DEVICES_KEYS opens it")

    kafka = Kafka()
    async with serving(GuardedBackend(NeedsKeys(TinyConnection([], None))), kafka) as runner:
        await until(lambda: kafka.statuses() == ["starting", "working"])
        await runner.log_out()
        assert not runner.is_paired
        assert kafka.statuses()[-1] == "logged_out"


async def test_a_login_that_may_not_be_made_yet_is_made_later() -> None:
    kafka, backend = Kafka(), TinyBackend(OvertakenError("not confirmed"), TinyConnection([], None))
    async with serving(backend, kafka):
        await until(lambda: kafka.statuses() == ["starting", "working"])
    assert backend.attempts == 2


class NotConfirmedAtFirst(TinyBackend):
    async def pair(self, device: Device, store: DeviceStore, phone: str | None) -> AsyncGenerator[PairingCode | Paired, None]:
        self.attempts += 1
        if self.attempts == 1:
            raise OvertakenError("not confirmed")
        async with aclosing(super().pair(device, store, phone)) as steps:
            async for step in steps:
                yield step


async def test_a_pairing_that_may_not_begin_yet_begins_later() -> None:
    kafka, backend = Kafka(), NotConfirmedAtFirst()
    async with serving(backend, kafka, wish=Wish(UNPAIRED, running=True)):
        await until(lambda: ("auth.qr", "2@abc") in kafka.told())


async def test_a_session_to_pair_that_another_process_has_not_released_is_paired_once_that_one_cannot_act() -> None:
    counters = Counters({DEVICE.session: 1}, {DEVICE.session: "killed"})
    kafka, backend = Kafka(), TinyBackend()
    async with serving(backend, kafka, wish=Wish(UNPAIRED, running=True), counters=counters):
        await until(lambda: ("auth.qr", "2@abc") in kafka.told())
    assert backend.pairings == [None]


async def test_a_command_of_it_is_left_to_the_next_owner_without_a_call_and_without_an_outcome() -> None:
    finished: list[Accepted] = []
    async with scene() as one, asyncio.TaskGroup() as tasks:
        one.hold.overtake()
        lanes = Lanes(one.executor.execute, finished.append, tasks)
        lanes.offer(accepted("message.send"))
        await lanes.idle()
    assert one.whatsapp.calls == []
    assert one.kafka.records == []
    assert finished == []


async def test_a_call_that_was_made_before_is_left_to_the_next_owner_to_tell() -> None:
    finished: list[Accepted] = []
    async with scene(sent()) as one, asyncio.TaskGroup() as tasks:
        one.whatsapp.hold.clear()
        lanes = Lanes(one.executor.execute, finished.append, tasks)
        lanes.offer(accepted("message.send"))
        await until(lambda: one.whatsapp.calls)
        one.hold.overtake()
        one.whatsapp.hold.set()
        await lanes.idle()
    assert one.kafka.records == []
    assert finished == []


async def test_a_command_whose_session_moved_while_it_waited_for_a_connection_is_not_told_as_expired() -> None:
    async with scene(CallNotMadeError("gone")) as one:
        entry = Entry(accepted("message.react", seconds=0.3))
        executing = asyncio.get_running_loop().create_task(one.execute_entry(entry), name="execute")
        await until(lambda: one.whatsapp.calls)
        one.sessions.disconnect(SessionId(entry.item.command.session), one.line)
        entry.moved = True
        with pytest.raises(OvertakenError):
            await executing
    assert one.kafka.records == []
