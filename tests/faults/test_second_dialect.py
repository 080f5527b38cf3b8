"""The second dialect while MongoDB, which also counts its requests, is silent: refused, soon and in its own shape."""

import asyncio
import time

import httpx
import pytest
from tests.events import ORGANIZATION, SESSION, message, working_session
from tests.faults.figures import Figures
from tests.faults.history import assert_as_if_nothing_had_happened
from tests.faults.servers import OwnMongod
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

pytestmark = pytest.mark.slow

TRIES_SECONDS = 5.0
"""Whoever tries waits for the time-out of reads, 3 s, and for a ping."""
QUICK_SECONDS = 1.5
"""Of whoever does not try: less than any time-out."""
REFUSAL = {"success": False, "error": {"message": "The documents cannot be read at the moment; try again"}}


@pytest.fixture
def mongod_server(own_mongod: OwnMongod) -> str:
    return own_mongod.address


@pytest.fixture
def mongo_database_name() -> str:
    return "waypost"


async def test_while_mongod_is_silent_requests_are_refused_soon_and_then_answered_again(
    pipeline: Pipeline, own_mongod: OwnMongod, figures: Figures
) -> None:
    _, _, api, key = await asyncio.gather(
        pipeline.start("waypost-ingest"), pipeline.start("waypost-store"), pipeline.start_api(), pipeline.api_key(ORGANIZATION)
    )
    await pipeline.publish([working_session(), message("A")])
    async with pipeline.client(api, key) as client:

        async def muted() -> bool:
            return (await mute(client, key)).status_code == 200

        await eventually(muted, "the chat is muted")
        async with own_mongod.stopped():
            first = await timed_refusal(client, key)
            at_once = [await timed_refusal(client, key) for _ in range(5)]
        assert first < TRIES_SECONDS
        assert sorted(at_once)[2] < QUICK_SECONDS
        with figures.until("mongod was silent and is back, until a chat is muted in the second dialect"):
            await eventually(muted, "the chat is muted again")
    await assert_as_if_nothing_had_happened(pipeline)


async def timed_refusal(client: httpx.AsyncClient, key: str) -> float:
    began = time.monotonic()
    answer = await mute(client, key)
    assert (answer.status_code, answer.json()) == (503, REFUSAL)
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["x-ratelimit-limit"] == "100"
    return time.monotonic() - began


async def mute(client: httpx.AsyncClient, key: str) -> httpx.Response:
    body = {"number": "6281234567890", "mute": True, "duration": "8h"}
    return await client.post(f"/api/chat/mute/{SESSION}", headers={"token": key}, json=body)
