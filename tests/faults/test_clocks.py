"""Services whose clock is wrong: a little, too much to start, and by minutes all at once while they run."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.events import ALICE, ORGANIZATION, SESSION, message, working_session
from tests.faults.clocks import Clocks
from tests.faults.history import assert_as_if_nothing_had_happened, ends_of_operations, load, logs, make_history
from tests.faults.mixed_load import Caller, Told
from tests.faults.thorough import thorough
from tests.faults.whole_system import (
    System,
    assert_as_the_log_says,
    assert_every_operation_ended,
    assert_nothing_was_done_twice,
    start_whole_system,
)
from tests.pacing import pause
from tests.plugins.pipeline import Pipeline
from tests.processes import Process, eventually

from waypost_local.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CHAT = f"/api/v1/sessions/{SESSION}/chats/{ALICE}"
SERVICES = ("waypost-ingest", "waypost-store", "waypost-connector", "waypost-api")
A_LITTLE_S, TOO_MUCH_S, JUMP_S = 3, 7, 600
WRONG_FOR_S, RIGHT_FOR_S = 4, 3
CHANGES = 20
REFUSES_CHANGES = {("waypost-store", "ahead"), ("waypost-api", "behind"), ("waypost-connector", "ahead")}
"""Whose deadlines seem to be over when a command comes: docs/reliability.md."""


@pytest.fixture
def clocks(tmp_path: Path) -> Clocks:
    return Clocks(tmp_path / "clocks", SERVICES)


async def test_a_service_whose_clock_is_far_off_refuses_to_start(pipeline: Pipeline, clocks: Clocks) -> None:
    network = {"WAYPOST_NETWORK_PORT": str(free_port()), "WAYPOST_NETWORK_SECRET": "of network and connectors"}
    wrong = {name: TOO_MUCH_S * (1 if number % 2 else -1) for number, name in enumerate(SERVICES)}
    processes: dict[str, Process] = {}
    for name, ahead_s in wrong.items():
        clocks.set(name, ahead_s=ahead_s)
        command = (name, "run") if name == "waypost-connector" else (name,)
        environment = clocks.environment | network | {"WAYPOST_HTTP_PORT": str(free_port())}
        processes[name] = pipeline.process(*command, **environment)
        processes[name].start()
    for name, process in processes.items():
        assert await asyncio.to_thread(process.wait) == 1, process.log[-3_000:]
        last_line = process.log.rstrip().rpartition("\n")[2]
        assert last_line.startswith(f"{name}: this machine's clock is ")
        direction = "ahead of" if wrong[name] > 0 else "behind"
        assert last_line.endswith(f" ms {direction} MongoDB's: synchronise both (NTP), then start again")
        assert "Traceback" not in process.log


@thorough
async def test_services_whose_clocks_are_a_little_off_warn_and_work(pipeline: Pipeline, clocks: Clocks) -> None:
    """The worst there is: the API, which sets deadlines, is behind, and whoever keeps them is ahead."""
    for name in SERVICES:
        clocks.set(name, ahead_s=-A_LITTLE_S if name == "waypost-api" else A_LITTLE_S)
    services = [
        *await asyncio.gather(*(pipeline.start(name, **clocks.environment) for name in ("waypost-ingest", "waypost-store"))),
        api := await pipeline.start_api(**clocks.environment),
    ]
    key = await pipeline.api_key(ORGANIZATION)
    await pipeline.publish([working_session(), message("A")])
    await pipeline.until_applied()
    async with pipeline.client(api, key) as client, load(pipeline, make_history(15_000), a_second=100):
        for number in range(CHANGES):
            answer = await client.patch(CHAT, json={"pinned": number % 2 == 0})
            assert (answer.status_code, answer.json()["pinned"]) == (200, number % 2 == 0)
    # The history has commands about a chat that is not there.
    assert {status for status, _ in (await ends_of_operations(pipeline)).values()} <= {"succeeded", "rejected"}
    await assert_as_if_nothing_had_happened(pipeline)
    assert all("clock_skew" in service.log for service in services)


@pytest.fixture
async def system(pipeline: Pipeline, clocks: Clocks, tmp_path: Path) -> System:
    return await start_whole_system(pipeline, tmp_path / "network", **clocks.environment)


@pytest.fixture
async def replicas(system: System) -> AsyncIterator[list[httpx.AsyncClient]]:
    async with system.replicas() as clients:
        yield clients


@thorough
async def test_clocks_that_jump_by_minutes_under_load(system: System, replicas: list[httpx.AsyncClient], clocks: Clocks) -> None:
    pipeline, told, over = system.pipeline, Told(), asyncio.Event()
    callers = [
        Caller(replicas, session, chats, told, seed=number)
        for number, (session, chats) in enumerate((await system.chats()).items())
    ]
    noticed: dict[tuple[str, str], list[str]] = {}
    async with load(pipeline, make_history(15_000), a_second=50), asyncio.TaskGroup() as tasks:
        for number, caller in enumerate(callers):
            tasks.create_task(caller.run(over), name=f"caller {number}")
        for name in SERVICES:
            for direction, ahead_s in (("ahead", JUMP_S), ("behind", -JUMP_S)):
                began = time.monotonic()
                clocks.set(name, ahead_s=ahead_s)
                await pause(WRONG_FOR_S)
                if (name, direction) in REFUSES_CHANGES:
                    await eventually(lambda since=began: bool(told.failures_since(since)), "a refused change")
                clocks.set(name, ahead_s=0)
                await pause(RIGHT_FOR_S)
                noticed[name, direction] = told.failures_since(began)
        over.set()
    print({jump: len(failures) for jump, failures in noticed.items()}, sorted(told.answers.items()))  # noqa: T201
    assert {jump for jump, failures in noticed.items() if failures} == REFUSES_CHANGES
    assert {what for _, what in told.failures} <= {"patch: 503", "send: 503", "create channel: 503"}
    await assert_every_operation_ended(pipeline)
    for caller in callers:
        await caller.check()
    assert_nothing_was_done_twice(system.calls(), told)
    await assert_as_the_log_says(pipeline)
    assert all(process.is_running for pair in system.pairs.values() for process in pair), logs(pipeline)
