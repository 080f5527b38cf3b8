"""Ingest is killed, stopped and joined by others under load: the documents end as if nothing had happened."""

import asyncio
import signal

import pytest
from tests.faults.history import assert_as_if_nothing_had_happened, load, make_history, until_more_applied
from tests.plugins.pipeline import Pipeline
from tests.processes import Process

pytestmark = pytest.mark.slow

SMALL_BATCHES = {"WAYPOST_BATCH_MAX_RECORDS": "50"}
SHORT_SESSION = {"WAYPOST_KAFKA_SESSION_TIMEOUT_MS": "6000"}
"""The least that Kafka allows: so long does the group wait for a member that was killed."""


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
    async with load(pipeline, make_history(10_000), a_second=700):
        for more in (200, 200, 200):
            service.start()
            await until_more_applied(pipeline, more)
            async with asyncio.timeout(12):
                assert await asyncio.to_thread(service.end, signal.SIGTERM) == 0
    service.start()
    await assert_as_if_nothing_had_happened(pipeline)
    assert "Traceback" not in service.log


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
