"""Three connectors that share 300 sessions: killed and restarted.

What they did is read from the network's own record and from wa.events. `pytest -rP` shows how long it took.
"""

import asyncio
import signal
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.faults.connectors import CONNECTORS, Fleet, ProxiedKafka, running_fleet

from waypost_common.clock import now_ms

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

WORLD = ("--history", "0", "--rate", "100")
ELSEWHERE_WITHIN_MS = 20_000


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
async def _every_session_is_where_it_belongs(fleet: Fleet) -> AsyncIterator[None]:
    await fleet.settled()
    yield


async def test_the_sessions_of_a_killed_connector_work_elsewhere_within_20_s_and_no_other_is_touched(fleet: Fleet) -> None:
    victim = "connector-1"
    its, since = fleet.sessions_of(victim), len(fleet.record.logins)
    killed_at = now_ms()
    fleet.connectors[victim].end(signal.SIGKILL)
    taken = await fleet.until_taken(its, victim, since)
    took_ms = max(login.at for login in taken.values()) - killed_at
    print(f"{len(its)} sessions work elsewhere {took_ms} ms after the kill")  # noqa: T201
    await fleet.settled()
    assert fleet.record.logins_by_session(since).keys() == its
    assert took_ms <= ELSEWHERE_WITHIN_MS
    fleet.connectors[victim].start()
    await fleet.settled()


async def test_a_killed_connector_that_is_started_at_once_has_its_sessions_again_and_no_other_is_touched(fleet: Fleet) -> None:
    process = fleet.connectors["connector-3"]
    its, since = fleet.sessions_of(process.gateway), len(fleet.record.logins)
    killed_at = now_ms()
    process.end(signal.SIGKILL)
    process.start()
    await fleet.settled(its, since)
    logins = fleet.record.logins_by_session(since)
    took_ms = max(login.at for each in logins.values() for login in each) - killed_at
    print(f"{len(its)} sessions work again {took_ms} ms after the kill")  # noqa: T201
    assert logins.keys() == its
    assert Counter(login.client for each in logins.values() for login in each) == {process.gateway: len(its)}


async def test_a_rolling_restart_reconnects_a_session_about_once_and_only_when_its_own_connector_restarts(fleet: Fleet) -> None:
    first = len(fleet.record.logins)
    for gateway, process in fleet.connectors.items():
        its, since, began = fleet.sessions_of(gateway), len(fleet.record.logins), time.monotonic()
        assert await asyncio.to_thread(process.end) == 0
        process.start()
        await fleet.settled(its, since)
        print(f"{len(its)} sessions work {time.monotonic() - began:.1f} s after SIGTERM to {gateway}")  # noqa: T201
        assert fleet.record.logins_by_session(since).keys() == its
    counts = [len(logins) for logins in fleet.record.logins_by_session(first).values()]
    assert len(counts) == fleet.sessions
    assert statistics.median(counts) == 1
    assert max(counts) <= 2
