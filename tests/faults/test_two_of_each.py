"""Two of each service under a mixed load of reads and writes; one of each is killed, or told to end, and started again."""

import asyncio
import signal
import time
from collections import Counter
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
AWAY_AFTER_S = {"waypost-api": 8, "waypost-ingest": 20, "waypost-store": 32, "waypost-connector": 44}
AWAY_S = 2
LOAD_S = 60
RECOVERED_S = 15
"""Kafka gives a killed member's partitions to others after 10 s; the rest is the way back."""
REFUSED = ": ConnectError"
ARRIVALS_A_SECOND = 50


@pytest.fixture
async def system(pipeline: Pipeline, tmp_path: Path) -> System:
    return await start_whole_system(pipeline, tmp_path / "network")


@pytest.fixture
async def replicas(system: System) -> AsyncIterator[list[httpx.AsyncClient]]:
    async with system.replicas() as clients:
        yield clients


@thorough
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "told-to-end"])
async def test_one_of_each_kind_may_go_away_under_load(
    system: System, replicas: Sequence[httpx.AsyncClient], figures: Figures, number: signal.Signals
) -> None:
    pipeline, told, over = system.pipeline, Told(), asyncio.Event()
    callers = [
        Caller(replicas, session, chats[turn::CALLERS_OF_A_SESSION], told, seed=turn)
        for session, chats in (await system.chats()).items()
        for turn in range(CALLERS_OF_A_SESSION)
    ]
    refusals = refusals_of(replicas)
    arrivals = make_history(LOAD_S * ARRIVALS_A_SECOND * 2)
    async with load(pipeline, arrivals, a_second=ARRIVALS_A_SECOND), asyncio.TaskGroup() as tasks:
        for turn, caller in enumerate(callers):
            tasks.create_task(caller.run(over), name=f"caller {turn}")
        faults = await send_one_of_each(system, number)
        over.set()
    print(sorted(told.answers.items()), Counter(what for _, what in told.failures))  # noqa: T201  (shown by `pytest -rP`)
    assert [one for one in told.failures if not any(at <= one[0] <= at + RECOVERED_S for at in faults.values())] == []
    assert all(refusal.headers["retry-after"] for refusal in refusals)
    if number == signal.SIGTERM:
        cut = [what for _, what in told.failures if not what.endswith((REFUSED, ": 503"))]
        assert len(cut) <= 1, cut  # a request may meet the closing of its idle connection
    for name, at in faults.items():
        last = max((failed_at for failed_at, _what in told.failures if at <= failed_at <= at + RECOVERED_S), default=at)
        figures.tell(f"{number.name} of {name}, until the last caller who noticed", last - at)
    await assert_every_operation_ended(pipeline)
    for caller in callers:
        await caller.check()
    assert_nothing_was_done_twice(system.calls(), told)
    await assert_as_the_log_says(pipeline)


def refusals_of(replicas: Sequence[httpx.AsyncClient]) -> list[httpx.Response]:
    """Every 503 that they are given from now on."""
    refusals = []

    async def look(answer: httpx.Response) -> None:
        if answer.status_code == 503:
            refusals.append(answer)

    for replica in replicas:
        replica.event_hooks = {"response": [look]}
    return refusals


async def send_one_of_each(system: System, number: signal.Signals) -> dict[str, float]:
    """Returns when it was sent to each, by the monotonic clock, once the time of the load is over."""
    started, faults = time.monotonic(), dict[str, float]()
    for name, seconds in AWAY_AFTER_S.items():
        await moment(started + seconds)
        one = system.pairs[name][0]
        faults[name] = time.monotonic()
        assert await asyncio.to_thread(one.end, number) == (-number if number == signal.SIGKILL else 0)
        await pause(AWAY_S)
        one.start()
        await one.until_ready()
    await moment(started + LOAD_S)
    return faults
