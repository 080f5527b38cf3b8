"""Kafka goes away under load, by a kill or by silence: reads go on, writes are refused, and all recovers by itself."""

import asyncio
import time

import httpx
import pytest
from tests.events import ALICE, ORGANIZATION, SESSION, message, working_session
from tests.faults.figures import Figures
from tests.faults.history import (
    assert_as_if_nothing_had_happened,
    ends_of_operations,
    load,
    logs,
    make_history,
    outcomes,
    until_less_behind,
    until_more_applied,
)
from tests.faults.servers import OwnKafka
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

pytestmark = pytest.mark.slow

CHAT = f"/api/v1/sessions/{SESSION}/chats/{ALICE}"
EVENTS_A_SECOND = 150
LOOK_EVERY_SECONDS = 0.25
TRIES_SECONDS = 4.0
"""The one caller a second that tries waits for the time-out of publishing, 2 s."""
QUICK_SECONDS = 1.5
"""Of whoever does not try: less than any time-out."""


@pytest.fixture
def kafka_server(own_kafka: OwnKafka) -> str:
    return own_kafka.address


@pytest.fixture
def topic_prefix() -> str:
    return ""


async def test_kafka_killed_and_silent_under_load(pipeline: Pipeline, own_kafka: OwnKafka, figures: Figures) -> None:
    ingest, store, api, key = await asyncio.gather(
        pipeline.start("waypost-ingest", WAYPOST_BATCH_MAX_RECORDS="50"),
        pipeline.start("waypost-store", WAYPOST_STORE_SWEEP_INTERVAL_S="0.5"),
        pipeline.start_api(WAYPOST_COMMANDS_DEADLINE_MS="3000"),
        pipeline.api_key(ORGANIZATION),
    )
    await pipeline.publish([working_session(), message("A")])
    async with pipeline.client(api, key) as client, load(pipeline, make_history(15_000), a_second=EVENTS_A_SECOND):
        for what, fault, seconds in (("killed", own_kafka.killed(), 2.0), ("silent", own_kafka.stopped(), 10.0)):
            await until_more_applied(pipeline, 200)
            assert (await client.patch(CHAT, json={"pinned": True})).status_code == 200
            async with fault:
                await assert_only_writes_are_refused(client, seconds)
            with figures.until(f"Kafka was {what} and is back, until ingest has caught up with what came meanwhile"):
                with figures.until(f"Kafka was {what} and is back, until a change is answered"):
                    await eventually(lambda: changeable(client), lambda: f"writes again\n{logs(pipeline)}")
                # All of that comes at once, and the first change may have been quicker.
                await until_less_behind(pipeline, EVENTS_A_SECOND)
        await until_more_applied(pipeline, 200)
    ended = await ends_of_operations(pipeline)
    expired = {command: verdict for command, verdict in ended.items() if verdict[0] == "expired"}
    await assert_as_if_nothing_had_happened(pipeline, expired)
    told = await outcomes(pipeline)
    assert {command: told.get(command) for command in ended} == {command: {verdict} for command, verdict in ended.items()}
    assert all(service.is_running for service in (ingest, store, api))


async def assert_only_writes_are_refused(client: httpx.AsyncClient, seconds: float) -> None:
    """For that long, and at least three times."""
    until = time.monotonic() + seconds
    reads: list[float] = []
    # At once after the first, which tries: a second after it another one would, and be slow as well.
    writes = [await refused_write_seconds(client), await refused_write_seconds(client)]

    async def long_enough() -> bool:
        writes.append(await refused_write_seconds(client))
        reads.append(await read_seconds(client))
        return time.monotonic() >= until

    await eventually(long_enough, "three refusals", every=LOOK_EVERY_SECONDS)
    assert max(reads) < QUICK_SECONDS
    assert max(writes) < TRIES_SECONDS
    assert writes[1] < QUICK_SECONDS


async def refused_write_seconds(client: httpx.AsyncClient) -> float:
    began = time.monotonic()
    answer = await client.patch(CHAT, json={"pinned": False})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "gateway_unavailable")
    return time.monotonic() - began


async def read_seconds(client: httpx.AsyncClient) -> float:
    began = time.monotonic()
    assert (await client.get(CHAT)).status_code == 200
    return time.monotonic() - began


async def changeable(client: httpx.AsyncClient) -> bool:
    return (await client.patch(CHAT, json={"pinned": False})).status_code == 200
