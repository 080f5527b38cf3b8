"""Which generations this replica folds, what it knows of each, and which of them may end the service."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from annotated_types import Le
from pymongo.errors import AutoReconnect

from waypost_api.settings import CacheSettings, CommandSettings
from waypost_common.consumption import ConsumptionStoppedError
from waypost_common.generations import FORMER_FOR_S, QUIET_S, STALE_S
from waypost_ingest import generations as generations_module
from waypost_ingest.generations import LOOK_S, RETRY_S, GenerationFollower
from waypost_ingest.standing import Role, Standing


async def at_once() -> None:
    pass


class FakeSubscriber:
    def __init__(self) -> None:
        self.loop = SimpleNamespace(handler=None, ready=True)
        self.failure: asyncio.Future[None] | None = None
        self.calls: list[str] = []
        self.on_start: Callable[[], Awaitable[None]] = at_once
        self.on_stop: Callable[[], Awaitable[None]] = at_once

    async def start(self) -> None:
        self.failure = asyncio.get_running_loop().create_future()
        self.calls.append("start")
        try:
            await self.on_start()
        except asyncio.CancelledError:
            for _ in range(5):
                await asyncio.sleep(0)  # what was opened is closed first
            self.calls.append("cancelled")
            raise

    async def stop(self) -> None:
        self.calls.append("stop")
        await self.on_stop()

    def fail(self, reason: str) -> None:
        assert self.failure is not None
        self.failure.set_exception(ConsumptionStoppedError(reason))


class System:
    """What a follower sees: the records of generations, a clock, and the subscribers that it made."""

    def __init__(self) -> None:
        self.now = 100.0
        self.live = 1
        self.states: dict[int, str] = {}
        self.look_takes = 0.0
        self.looks = 0
        self.database_error: Exception | None = None
        self.first = FakeSubscriber()
        self.made: dict[int, FakeSubscriber] = {}
        self.on_start: Callable[[], Awaitable[None]] = at_once
        self.standings: dict[int, Standing] = {}
        database: Any = {"generations": SimpleNamespace(find=lambda _condition: self._documents())}
        self.follower = GenerationFollower(
            database,
            make_storage=lambda _generation: SimpleNamespace(),  # type: ignore[arg-type, return-value]
            make_writer=lambda _storage, _owners: SimpleNamespace(),  # type: ignore[arg-type, return-value]
            make_subscriber=self._make_subscriber,
            make_handler=self._make_handler,
            monotonic=lambda: self.now,
        )

    async def _documents(self) -> AsyncIterator[dict[str, Any]]:
        self.looks += 1
        found = [{"_id": "live", "generation": self.live}]
        found += [{"_id": f"g{number}", "generation": number, "state": state} for number, state in self.states.items()]
        self.now += self.look_takes
        if self.database_error is not None:
            raise self.database_error
        for one in found:
            yield one

    def _make_subscriber(self, generation: int) -> Any:
        self.made[generation] = FakeSubscriber()
        self.made[generation].on_start = self.on_start
        return self.made[generation]

    def _make_handler(self, generation: int, _writer: Any, standing: Standing) -> Any:
        self.standings[generation] = standing
        return SimpleNamespace(stop=at_once)

    async def begin(self) -> None:
        subscriber: Any = self.first
        await self.follower.begin(subscriber)
        await subscriber.start()

    async def look(self) -> None:
        await self.follower._look_around()


@pytest.fixture
async def system() -> System:
    one = System()
    await one.begin()
    return one


async def test_what_a_slow_look_showed_is_as_old_as_its_beginning(system: System) -> None:
    system.states = {2: "building"}
    await system.look()
    assert not system.standings[2].tells_outcomes
    system.look_takes = STALE_S + 0.1
    await system.look()
    assert system.standings[2].role is Role.BUILDING
    assert system.standings[2].tells_outcomes


async def test_after_a_join_it_looks_anew_at_once(system: System) -> None:
    async def joining() -> None:
        system.now += 8
        system.states = {2: "ready"}

    system.states, system.on_start = {2: "building"}, joining
    await system.look()
    assert system.standings[2].role is Role.READY


async def test_one_joined_late_tells_outcomes_until_it_could_look_anew(system: System) -> None:
    async def joining() -> None:
        system.now += 8
        system.database_error = AutoReconnect("away")

    system.states, system.on_start = {2: "building"}, joining
    await system.look()
    assert system.standings[2].tells_outcomes
    system.database_error = None
    await system.look()
    assert not system.standings[2].tells_outcomes


async def test_one_that_could_not_be_joined_is_tried_again_after_a_while(system: System) -> None:
    async def failing() -> None:
        raise KafkaConnectionError

    system.states, system.on_start = {2: "building"}, failing
    await system.look()
    refused, system.on_start = system.made.pop(2), at_once
    await system.look()
    assert system.made == {}
    system.now += RETRY_S
    await system.look()
    assert refused is not system.made[2]
    assert system.made[2].calls == ["start"]


async def failed(follower: GenerationFollower) -> str | None:
    """Why the service must not go on, without a look in between."""
    await asyncio.sleep(0)
    failure = follower.failure
    assert failure is not None
    return str(failure.exception()) if failure.done() else None


async def test_a_former_generation_that_fails_does_not_end_the_service(system: System) -> None:
    async with system.follower.running():
        system.states = {2: "building"}
        await system.look()
        system.live = 2
        await system.look()
        system.first.fail("the old one")
        await system.look()
        assert await failed(system.follower) is None
        assert system.first.calls == ["start", "stop"]
        system.made[2].fail("the new one")
        assert await failed(system.follower) == "the new one"


async def test_the_live_ones_failure_is_told_while_mongodb_is_away(system: System) -> None:
    async with system.follower.running():
        system.database_error = AutoReconnect("away")
        await system.look()
        system.first.fail("the topic was made again")
        assert await failed(system.follower) == "the topic was made again"


async def test_one_that_failed_beside_the_live_one_ends_the_service_once_it_is_live(system: System) -> None:
    async with system.follower.running():
        system.states = {2: "ready"}
        await system.look()
        system.made[2].fail("no position")
        assert await failed(system.follower) is None
        system.live = 2
        await system.look()
        assert await failed(system.follower) == "no position"


async def test_a_join_under_way_is_broken_off_before_anything_is_stopped(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generations_module, "LOOK_S", 0.0)
    entered = asyncio.Event()

    async def waiting_for_others() -> None:
        entered.set()
        await asyncio.Event().wait()

    system.states, system.on_start = {2: "building"}, waiting_for_others
    async with asyncio.timeout(5), system.follower.running():
        await entered.wait()
    assert system.made[2].calls == ["start", "cancelled", "stop"]
    assert system.first.calls == ["start", "stop"]


def test_the_former_one_is_kept_up_for_all_that_callers_still_wait_for_in_it() -> None:
    (longest,) = (one.le for one in CacheSettings.model_fields["generation_ms"].metadata if isinstance(one, Le))
    commands = CommandSettings()
    assert int(str(longest)) + max(commands.deadline_ms, commands.live_deadline_ms) < FORMER_FOR_S * 1_000
    assert QUIET_S > LOOK_S + FORMER_FOR_S


async def test_a_leaving_that_was_broken_off_is_made_up_for(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generations_module, "LOOK_S", 0.0)
    system.states = {2: "ready"}
    await system.look()
    system.live = 2
    await system.look()
    system.now += FORMER_FOR_S
    entered = asyncio.Event()

    async def slow() -> None:
        if not entered.is_set():
            entered.set()
            await asyncio.Event().wait()

    system.first.on_stop = slow
    async with asyncio.timeout(5), system.follower.running():
        await entered.wait()
    assert system.first.calls == ["start", "stop", "stop"]
