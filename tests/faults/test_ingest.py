"""Ingest is killed, stopped and joined by others under load: the documents end as if nothing had happened."""

import asyncio
import itertools
import random
import signal
import time

import pytest
from tests.faults.figures import Figures
from tests.faults.history import assert_as_if_nothing_had_happened, load, make_history, until_more_applied
from tests.faults.late_writes import late_writes
from tests.faults.thorough import thorough
from tests.pacing import paced
from tests.plugins.pipeline import Pipeline
from tests.processes import Process

pytestmark = pytest.mark.slow

SMALL_BATCHES = {"WAYPOST_BATCH_MAX_RECORDS": "50"}
SHORT_SESSION = {"WAYPOST_KAFKA_SESSION_TIMEOUT_MS": "6000"}
"""The least that Kafka allows: so long does the group wait for a member that was killed."""


CHANGE_EVERY_S = 5
CHANGES = 13
REPLICAS = 3


def ingest(pipeline: Pipeline, **environment: str) -> Process:
    return pipeline.process("waypost-ingest", **SMALL_BATCHES, **SHORT_SESSION, **environment)


async def starts_again(pipeline: Pipeline, service: Process, figures: Figures, what: str) -> None:
    """Within the load; measures it."""
    with figures.until(f"{what} and is started, until events are applied again"):
        service.start()
        await until_more_applied(pipeline, 1)


async def test_ingest_killed_twice_in_the_middle_of_batches(pipeline: Pipeline, figures: Figures) -> None:
    service = ingest(pipeline)
    async with load(pipeline, make_history(15_000), a_second=500):
        service.start()
        for more in (237, 111):
            await until_more_applied(pipeline, more)
            assert service.end(signal.SIGKILL) == -signal.SIGKILL
            await starts_again(pipeline, service, figures, "ingest was killed")
    await assert_as_if_nothing_had_happened(pipeline)


@thorough
async def test_ingest_told_to_end_under_load_ends_with_0_and_loses_nothing(pipeline: Pipeline, figures: Figures) -> None:
    service = ingest(pipeline)
    async with load(pipeline, make_history(25_000), a_second=700):
        service.start()
        for more in (200, 200, 200):
            await until_more_applied(pipeline, more)
            async with asyncio.timeout(12):
                assert await asyncio.to_thread(service.end, signal.SIGTERM) == 0
            await starts_again(pipeline, service, figures, "ingest was told to end")
    await assert_as_if_nothing_had_happened(pipeline)
    assert "Traceback" not in service.log


@thorough
async def test_replicas_of_ingest_that_join_and_leave_under_load(pipeline: Pipeline) -> None:
    first, second = ingest(pipeline), ingest(pipeline)
    async with load(pipeline, make_history(15_000), a_second=500):
        first.start()
        await until_more_applied(pipeline, 100)
        for leaving, staying in ((first, second), (second, first)):
            staying.start()
            await staying.until_ready()
            await until_more_applied(pipeline, 200)
            assert await asyncio.to_thread(leaving.end, signal.SIGTERM) == 0
            await until_more_applied(pipeline, 200)
    await assert_as_if_nothing_had_happened(pipeline)


@thorough
@pytest.mark.timeout(400)
async def test_replicas_of_ingest_that_come_and_go_every_5_s_by_sigterm_and_sigkill(pipeline: Pipeline, figures: Figures) -> None:
    chance, ends = random.Random(7), itertools.cycle([signal.SIGTERM, signal.SIGKILL])
    replicas = [first := ingest(pipeline)]
    running = [first]
    stood_still: list[float] = []
    first.start()
    async with load(pipeline, make_history(30_000), a_second=250):
        await until_more_applied(pipeline, 100)
        async with asyncio.TaskGroup() as tasks:
            async for number in paced(range(CHANGES), a_second=1 / CHANGE_EVERY_S):
                if len(running) == 1 or (len(running) < REPLICAS and chance.random() < 0.5):
                    replicas.append(joining := ingest(pipeline))
                    running.append(joining)
                    joining.start()
                else:
                    leaving = running.pop(chance.randrange(len(running)))
                    tasks.create_task(assert_ends(leaving, next(ends)), name=f"end of replica {replicas.index(leaving)}")
                tasks.create_task(measure_stand_still(pipeline, stood_still), name=f"after change {number}")
    await assert_as_if_nothing_had_happened(pipeline)
    assert all("Traceback" not in one.log for one in replicas)
    assert max(stood_still) > CHANGE_EVERY_S, "some changes fall into one that is under way"
    figures.tell("a replica of ingest came or went, until every partition moves: the quickest", min(stood_still))
    figures.tell("a replica of ingest came or went, until every partition moves: the slowest", max(stood_still))


async def assert_ends(replica: Process, number: signal.Signals) -> None:
    """With the code that it should; one that is told to end before it works may know nothing of that yet."""
    is_ready = (await asyncio.to_thread(replica.probe, "/readyz"))[0] == 200
    code = await asyncio.to_thread(replica.end, number)
    assert code == -number or (number == signal.SIGTERM and code == 0)
    assert not (is_ready and number == signal.SIGTERM) or code == 0


async def measure_stand_still(pipeline: Pipeline, seconds: list[float]) -> None:
    """Until what is in the log by now is applied: some of it waits for its partition to find the next reader."""
    began = time.monotonic()
    await pipeline.until_applied()
    seconds.append(time.monotonic() - began)


async def test_an_ingest_that_was_taken_for_dead_and_goes_on_changes_nothing_any_more(
    pipeline: Pipeline, mongod_server: str, figures: Figures
) -> None:
    async with late_writes(mongod_server) as proxy:
        zombie, other = ingest(pipeline, WAYPOST_MONGO_URL=proxy.mongo_url), ingest(pipeline)
        async with load(pipeline, make_history(15_000), a_second=500):
            zombie.start()
            await until_more_applied(pipeline, 200)
            try:
                async with proxy.kept_back("update", "chats"):  # a batch, its messages stored and its chats not
                    await zombie.freeze()
                    with figures.until("ingest was frozen and another one started, until events are applied again"):
                        other.start()
                        await until_more_applied(pipeline, 1)
                    await other.until_ready()
                    await until_more_applied(pipeline, 500)
                await proxy.until_carried_out()
            finally:
                zombie.send_signal(signal.SIGCONT)
            await until_more_applied(pipeline, 500)
            await zombie.until_ready()
        await assert_as_if_nothing_had_happened(pipeline)
        assert zombie.is_running
