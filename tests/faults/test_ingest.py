"""Ingest is killed, stopped and joined by others under load: the documents end as if nothing had happened."""

import asyncio
import itertools
import random
import signal
import time

import pytest
from tests.faults.figures import Figures
from tests.faults.history import assert_as_if_nothing_had_happened, load, make_history, until_more_applied
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


def ingest(pipeline: Pipeline) -> Process:
    return pipeline.process("waypost-ingest", **SMALL_BATCHES, **SHORT_SESSION)


async def test_ingest_killed_twice_in_the_middle_of_batches(pipeline: Pipeline) -> None:
    service = ingest(pipeline)
    async with load(pipeline, make_history(15_000), a_second=500):
        for more in (237, 111):
            service.start()
            await until_more_applied(pipeline, more)
            assert service.end(signal.SIGKILL) == -signal.SIGKILL
    service.start()
    await assert_as_if_nothing_had_happened(pipeline)


async def test_ingest_told_to_end_under_load_ends_with_0_and_loses_nothing(pipeline: Pipeline) -> None:
    service = ingest(pipeline)
    async with load(pipeline, make_history(25_000), a_second=700):
        for more in (200, 200, 200):
            service.start()
            await until_more_applied(pipeline, more)
            async with asyncio.timeout(12):
                assert await asyncio.to_thread(service.end, signal.SIGTERM) == 0
    service.start()
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
    replicas = [ingest(pipeline) for _ in range(REPLICAS)]
    chance, ends = random.Random(7), itertools.cycle([signal.SIGTERM, signal.SIGKILL])
    replicas[0].start()
    stood_still = []
    async with load(pipeline, make_history(30_000), a_second=250):
        await until_more_applied(pipeline, 100)
        async for _ in paced(range(CHANGES), a_second=1 / CHANGE_EVERY_S):
            running = [one for one in replicas if one.is_running]
            joins = len(running) == 1 or (len(running) < REPLICAS and chance.random() < 0.5)
            if joins:
                next(one for one in replicas if not one.is_running).start()
            else:
                leaving, number = chance.choice(running), next(ends)
                if number == signal.SIGTERM:
                    await leaving.until_ready()  # before that there is nothing to end in order
                code = await asyncio.to_thread(leaving.end, number)
                assert code == (0 if number == signal.SIGTERM else -number)
            began = time.monotonic()
            await pipeline.until_applied()  # some of it waits for its partition to find the next reader
            stood_still.append(time.monotonic() - began)
    await assert_as_if_nothing_had_happened(pipeline)
    assert all("Traceback" not in one.log for one in replicas)
    figures.tell("a replica of ingest came or went, until every partition moves: the quickest", min(stood_still))
    figures.tell("a replica of ingest came or went, until every partition moves: the slowest", max(stood_still))


async def test_an_ingest_that_was_taken_for_dead_and_goes_on_changes_nothing_any_more(pipeline: Pipeline) -> None:
    zombie, other = ingest(pipeline), ingest(pipeline)
    async with load(pipeline, make_history(15_000), a_second=500):
        zombie.start()
        await until_more_applied(pipeline, 200)
        zombie.send_signal(signal.SIGSTOP)
        try:
            other.start()
            await other.until_ready()
            await until_more_applied(pipeline, 500)
        finally:
            zombie.send_signal(signal.SIGCONT)
        await until_more_applied(pipeline, 500)
    await assert_as_if_nothing_had_happened(pipeline)
    assert zombie.is_running
