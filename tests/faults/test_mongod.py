"""MongoDB goes away under load, by a kill or by silence: reads are refused without waiting, and all recovers by itself."""

import asyncio
import time

import httpx
import pytest
from tests.events import ALICE, ORGANIZATION, SESSION, message, working_session
from tests.faults.history import assert_as_if_nothing_had_happened, load, logs, make_history, until_more_applied
from tests.faults.servers import OwnMongod
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

pytestmark = pytest.mark.slow

CHAT = f"/api/v1/sessions/{SESSION}/chats/{ALICE}"
LOOK_EVERY_SECONDS = 0.25
TRIES_SECONDS = 5.0
"""The one caller a second that tries waits for the time-out of reads, 3 s."""
QUICK_SECONDS = 0.5


@pytest.fixture
def mongod_server(own_mongod: OwnMongod) -> str:
    return own_mongod.address


@pytest.fixture
def mongo_database_name() -> str:
    return "waypost"


async def test_mongod_killed_and_silent_under_load(pipeline: Pipeline, own_mongod: OwnMongod) -> None:
    ingest, store, api, key = await asyncio.gather(
        pipeline.start("waypost-ingest", WAYPOST_BATCH_MAX_RECORDS="50"),
        pipeline.start("waypost-store"),
        pipeline.start_api(),
        pipeline.api_key(ORGANIZATION),
    )
    await pipeline.publish([working_session(), message("A")])
    async with pipeline.client(api, key) as client, load(pipeline, make_history(15_000), a_second=150):
        for fault, seconds in ((own_mongod.killed(), 2.0), (own_mongod.stopped(), 10.0)):
            await until_more_applied(pipeline, 200)
            assert (await client.patch(CHAT, json={"pinned": True})).status_code == 200
            async with fault:
                await assert_refused_quickly(client, seconds)
            await eventually(lambda: readable(client), lambda: f"reads again\n{logs(pipeline)}")
            assert (await client.patch(CHAT, json={"pinned": False})).status_code == 200
        await until_more_applied(pipeline, 200)
    await assert_as_if_nothing_had_happened(pipeline)
    assert all(service.is_running for service in (ingest, store, api))


async def assert_refused_quickly(client: httpx.AsyncClient, seconds: float) -> None:
    """Every read for that long, and at least two."""
    until = time.monotonic() + seconds
    refusals: list[float] = []

    async def long_enough() -> bool:
        refusals.append(await refusal_seconds(client))
        return time.monotonic() >= until and len(refusals) >= 2

    await eventually(long_enough, "two refusals", every=LOOK_EVERY_SECONDS)
    assert max(refusals) < TRIES_SECONDS
    assert refusals[1] < QUICK_SECONDS


async def refusal_seconds(client: httpx.AsyncClient) -> float:
    began = time.monotonic()
    answer = await client.get(CHAT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "gateway_unavailable")
    return time.monotonic() - began


async def readable(client: httpx.AsyncClient) -> bool:
    return (await client.get(CHAT)).status_code == 200
