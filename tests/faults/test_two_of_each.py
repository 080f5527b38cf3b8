"""Two of each service under a mixed load of reads and writes, one of each killed and started again in the middle."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest
from tests.faults.figures import Figures
from tests.faults.history import load, make_history
from tests.faults.mixed_load import Caller, Told
from tests.faults.thorough import thorough
from tests.faults.whole_system import (
    System,
    assert_as_the_log_says,
    assert_every_operation_ended,
    assert_nothing_was_done_twice,
    start_whole_system,
)
from tests.pacing import moment, pause
from tests.plugins.pipeline import Pipeline

pytestmark = [pytest.mark.slow, pytest.mark.crowded, pytest.mark.timeout(240)]

CALLERS_OF_A_SESSION = 2
KILLED_AFTER_S = {"waypost-api": 8, "waypost-ingest": 20, "waypost-store": 32, "waypost-connector": 44}
AWAY_S = 2
LOAD_S = 60
RECOVERED_S = 15
"""Kafka gives a killed member's partitions to others after 10 s; the rest is the way back."""
ARRIVALS_A_SECOND = 50


@pytest.fixture
async def system(pipeline: Pipeline, tmp_path: Path) -> System:
    return await start_whole_system(pipeline, tmp_path / "network")


@pytest.fixture
async def replicas(system: System) -> AsyncIterator[list[httpx.AsyncClient]]:
    async with system.replicas() as clients:
        yield clients


@thorough
async def test_one_of_each_kind_may_be_killed_under_load(
    system: System, replicas: Sequence[httpx.AsyncClient], figures: Figures
) -> None:
    pipeline, told, over = system.pipeline, Told(), asyncio.Event()
    callers = [
        Caller(replicas, session, chats[number::CALLERS_OF_A_SESSION], told, seed=number)
        for session, chats in (await system.chats()).items()
        for number in range(CALLERS_OF_A_SESSION)
    ]
    arrivals = make_history(LOAD_S * ARRIVALS_A_SECOND * 2)
    async with load(pipeline, arrivals, a_second=ARRIVALS_A_SECOND), asyncio.TaskGroup() as tasks:
        for number, caller in enumerate(callers):
            tasks.create_task(caller.run(over), name=f"caller {number}")
        faults = await kill_one_of_each(system)
        over.set()
    print(sorted(told.answers.items()), len(told.failures))  # noqa: T201  (shown by `pytest -rP`)
    assert [one for one in told.failures if not any(at <= one[0] <= at + RECOVERED_S for at in faults.values())] == []
    for name, at in faults.items():
        last = max((failed_at for failed_at, _what in told.failures if at <= failed_at <= at + RECOVERED_S), default=at)
        figures.tell(f"SIGKILL of {name}, until the last caller who noticed", last - at)
    await assert_every_operation_ended(pipeline)
    for caller in callers:
        await caller.check()
    assert_nothing_was_done_twice(system.calls(), told)
    await assert_as_the_log_says(pipeline)


async def kill_one_of_each(system: System) -> dict[str, float]:
    """Returns when each was killed, once the time of the load is over."""
    started, faults = time.monotonic(), dict[str, float]()
    for name, seconds in KILLED_AFTER_S.items():
        await moment(started + seconds)
        one = system.pairs[name][0]
        faults[name] = time.monotonic()
        await asyncio.to_thread(one.end, signal.SIGKILL)
        await pause(AWAY_S)
        one.start()
        await one.until_ready()
    await moment(started + LOAD_S)
    return faults
