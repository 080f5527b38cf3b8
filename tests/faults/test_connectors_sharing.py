"""Three connectors that share 300 sessions: killed, restarted, frozen, cut off from Kafka, and two with one id.

What they did is read from the network's own record and from wa.events. `pytest -rP` shows how long it took.
"""

import asyncio
import signal
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from tests.faults.connectors import CONNECTORS, Connector, Fleet, ProxiedKafka, running_fleet
from tests.faults.connectors_calls import calling
from tests.faults.connectors_record import Login
from tests.faults.fencing import breaches
from tests.faults.figures import Figures
from tests.faults.thorough import thorough
from tests.pacing import moment, pause
from tests.processes import eventually

from waypost_common.clock import now_ms
from waypost_connector.simulated.record import acts

pytestmark = [pytest.mark.slow, pytest.mark.crowded, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

WORLD = ("--history", "0", "--rate", "100")
ELSEWHERE_WITHIN_MS = 20_000
AWAY_S = 30.0
ENDS_WITHIN_S = 10.0
QUIET_S = 3.0
"""A member whose place was taken hears of it by then: heartbeats go out every second."""
CALLED_SESSIONS = 3
BLIND_S = 1.0
UNSEEN_S = 8.0
STILL_AFTER_MS = 2_500
"""A fence counts for 2 s after it was seen; the rest is what the network needs to write down what came before."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(mongod_server: str, servers_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """All tests share it: each begins when every session is where it belongs, and leaves three connectors running."""
    kafka = ProxiedKafka(servers_folder / "sharing", len(CONNECTORS))
    try:
        await kafka.start()
        async with running_fleet(kafka, mongod_server, tmp_path_factory.mktemp("fleet"), *WORLD) as fleet:
            yield fleet
    finally:
        kafka.kill()


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _nobody_acts_when_its_time_is_over(fleet: Fleet) -> AsyncIterator[None]:
    """In no test."""
    await fleet.settled()
    yield
    await fleet.log.read()
    assert fleet.log.unfenced == []
    assert fleet.log.fallen == []
    assert breaches(fleet.record.read().lines) == []


async def test_the_sessions_of_a_killed_connector_work_elsewhere_within_20_s_and_no_other_is_touched(
    fleet: Fleet, figures: Figures
) -> None:
    victim = "connector-1"
    its, since = fleet.sessions_of(victim), len(fleet.record.logins)
    killed_at = now_ms()
    fleet.connectors[victim].end(signal.SIGKILL)
    taken = await fleet.until_taken(its, victim, since)
    took_ms = max(login.at for login in taken.values()) - killed_at
    figures.tell("SIGKILL until its sessions work elsewhere", took_ms / 1_000)
    await fleet.settled()
    assert fleet.record.logins_by_session(since).keys() == its
    assert took_ms <= ELSEWHERE_WITHIN_MS
    fleet.connectors[victim].start()
    await fleet.settled()


@thorough
async def test_a_killed_connector_that_is_started_at_once_has_its_sessions_again_and_no_other_is_touched(
    fleet: Fleet, figures: Figures
) -> None:
    process = fleet.connectors["connector-3"]
    its, since = fleet.sessions_of(process.gateway), len(fleet.record.logins)
    killed_at = now_ms()
    process.end(signal.SIGKILL)
    process.start()
    await fleet.settled(its, since)
    logins = fleet.record.logins_by_session(since)
    took_ms = max(login.at for each in logins.values() for login in each) - killed_at
    figures.tell("SIGKILL and started at once, until its sessions work", took_ms / 1_000)
    assert logins.keys() == its
    assert Counter(login.client for each in logins.values() for login in each) == {process.gateway: len(its)}


@thorough
async def test_a_rolling_restart_reconnects_a_session_about_once_and_only_when_its_own_connector_restarts(
    fleet: Fleet, figures: Figures
) -> None:
    first = len(fleet.record.logins)
    for gateway, process in fleet.connectors.items():
        its, since, began = fleet.sessions_of(gateway), len(fleet.record.logins), time.monotonic()
        assert await asyncio.to_thread(process.end) == 0
        process.start()
        await fleet.settled(its, since)
        figures.tell("SIGTERM and started again, until its sessions work", time.monotonic() - began)
        assert fleet.record.logins_by_session(since).keys() == its
    counts = [len(logins) for logins in fleet.record.logins_by_session(first).values()]
    assert len(counts) == fleet.sessions
    assert statistics.median(counts) == 1
    assert max(counts) <= 2


@thorough
async def test_a_connector_that_was_frozen_for_30_s_does_nothing_more_for_sessions_that_moved(
    fleet: Fleet, figures: Figures
) -> None:
    process, to_mongod = fleet.connectors["connector-2"], fleet.to_mongod["connector-2"]

    async def wake() -> None:
        """At first it cannot see that it was overtaken: it must not act for not having seen that it was not."""
        await to_mongod.cut()
        process.send_signal(signal.SIGCONT)
        await pause(BLIND_S)
        await to_mongod.heal()

    took_ms = await assert_kept_out(fleet, process.gateway, process.freeze, wake)
    figures.tell("frozen until its sessions work elsewhere", took_ms / 1_000)


@thorough
async def test_a_connector_that_was_cut_off_from_kafka_for_30_s_does_nothing_more_for_sessions_that_moved(
    fleet: Fleet, figures: Figures
) -> None:
    gateway = "connector-3"
    took_ms = await assert_kept_out(fleet, gateway, fleet.to_kafka[gateway].cut, fleet.to_kafka[gateway].heal)
    figures.tell("cut off from Kafka until its sessions work elsewhere", took_ms / 1_000)


async def assert_kept_out(
    fleet: Fleet, victim: str, go: Callable[[], Awaitable[None]], come_back: Callable[[], Awaitable[None]]
) -> int:
    """Its sessions move while it is away, and it does nothing more for them under the fences that it had.

    Returns after how many ms they worked elsewhere.
    """
    its, since = fleet.sessions_of(victim), len(fleet.record.logins)
    others = fleet.record.holders().keys() - its
    asked = [*sorted(its)[:CALLED_SESSIONS], *sorted(others)[:CALLED_SESSIONS]]
    async with calling(fleet, asked) as calls:
        await calls.until_each_was_called()
        gone_at, gone_since = now_ms(), time.monotonic()
        await go()
        taken = await fleet.until_taken(its, victim, since)
        took_ms = max(login.at for login in taken.values()) - gone_at
        assert fleet.record.logins_by_session(since).keys() == its
        await moment(gone_since + AWAY_S)
        ends, back_at = await fleet.log.ends(), now_ms()
        await come_back()
        await fleet.settled()
        await calls.until_each_was_called()
    await calls.check()
    published = [one for one in (await fleet.log.read()).published if one.is_after(ends) and one.gateway == victim]
    late = [one for one in published if is_over(taken, one.session, one.fence)]
    called = [call for call in fleet.record.calls() if call["receivedAt"] >= back_at and call["client"] == victim]
    called = [call for call in called if is_over(taken, call["session"], call["fence"])]
    assert Counter(one.session for one in late) == {}
    assert Counter(call["session"] for call in called) == {}
    return took_ms


@thorough
async def test_a_connector_that_cannot_see_its_fences_does_nothing_more_until_it_can(fleet: Fleet, figures: Figures) -> None:
    gateway = "connector-1"
    its, since = fleet.sessions_of(gateway), len(fleet.record.logins)
    async with calling(fleet, sorted(its)[:CALLED_SESSIONS]) as calls:
        await calls.until_each_was_called()
        cut_at = now_ms()
        await fleet.to_mongod[gateway].cut()
        await pause(UNSEEN_S)
        healed_at = now_ms()
        await fleet.to_mongod[gateway].heal()
        await calls.until_each_was_called()
    await calls.check()
    done = [act.at for act in acts(fleet.record.read().lines) if act.client == gateway]
    assert [at - cut_at for at in done if cut_at + STILL_AFTER_MS < at < healed_at] == []
    assert any(at < cut_at for at in done)
    assert any(at > healed_at for at in done)
    figures.tell(
        "MongoDB is there again, until the connector does something",
        (min(at for at in done if at > healed_at) - healed_at) / 1_000,
    )
    assert fleet.record.logins_by_session(since) == {}


def is_over(taken: dict[str, Login], session: str, fence: int | None) -> bool:
    """Whether who acts under this fence acts for a session that moved."""
    login = taken.get(session)
    return login is not None and (fence is None or login.fence is None or fence < login.fence)


@thorough
async def test_a_second_connector_with_the_id_of_one_that_runs_ends_with_a_clear_error_and_no_session_flaps(fleet: Fleet) -> None:
    since = len(fleet.record.logins)
    second = fleet.another("connector-1")
    second.start()
    await assert_ends_with_a_clear_error(second)
    await nothing_happens(fleet)
    assert fleet.record.logins_by_session(since) == {}


@thorough
async def test_of_two_connectors_that_are_started_at_once_with_one_id_one_ends_with_a_clear_error(fleet: Fleet) -> None:
    gateway = "connector-1"
    its, since = fleet.sessions_of(gateway), len(fleet.record.logins)
    two = fleet.connectors[gateway], fleet.another(gateway)
    assert await asyncio.to_thread(two[0].end) == 0
    for process in two:
        process.start()
    await eventually(
        lambda: not all(process.is_running for process in two), lambda: f"one of two ended\n{two[0].log}\n{two[1].log}"
    )
    [loser] = [process for process in two if not process.is_running]
    await assert_ends_with_a_clear_error(loser)
    [fleet.connectors[gateway]] = [process for process in two if process is not loser]
    await fleet.settled(its, since)
    await nothing_happens(fleet)
    logins = fleet.record.logins_by_session(since)
    assert logins.keys() == its
    assert {len(each) for each in logins.values()} == {1}


@thorough
async def test_a_connector_that_wakes_up_when_another_has_its_id_ends_with_a_clear_error(fleet: Fleet) -> None:
    gateway = "connector-2"
    sleeper, successor = fleet.connectors[gateway], fleet.another(gateway)
    its, since = fleet.sessions_of(gateway), len(fleet.record.logins)
    await sleeper.freeze()
    fleet.connectors[gateway] = successor
    try:
        await started_in_the_end(successor)
        await fleet.settled(its, since)
        since = len(fleet.record.logins)
    finally:
        sleeper.send_signal(signal.SIGCONT)
    await assert_ends_with_a_clear_error(sleeper)
    await nothing_happens(fleet)
    assert fleet.record.logins_by_session(since) == {}


async def started_in_the_end(process: Connector) -> None:
    """As whoever supervises it would: started again while it ends, because the other seems to live."""

    async def runs() -> bool:
        if not process.is_running:
            process.start()
        return (await asyncio.to_thread(process.probe, "/readyz"))[0] == 200

    await eventually(runs, lambda: f"{process.gateway} runs\n{process.log}", every=0.2)


async def assert_ends_with_a_clear_error(process: Connector) -> None:
    began = time.monotonic()
    await eventually(lambda: not process.is_running, lambda: f"{process.gateway} ended\n{process.log}")
    assert time.monotonic() - began <= ENDS_WITHIN_S
    assert process.wait() == 1
    assert process.gateway in process.last_words
    assert "WAYPOST_CONNECTOR_GATEWAY_ID" in process.last_words
    assert "Traceback" not in process.log


async def nothing_happens(fleet: Fleet) -> None:
    """For long enough that anybody who lost its place would have noticed."""
    await pause(QUIET_S)
    await fleet.settled()
