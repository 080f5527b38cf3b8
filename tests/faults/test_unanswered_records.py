"""MongoDB goes away when it has recorded a request and the API has not heard so: under the same key it is done, once."""

import asyncio

import pytest
from tests.events import ALICE, ORGANIZATION, SESSION, message, working_session
from tests.faults.figures import Figures
from tests.faults.history import assert_as_if_nothing_had_happened, logs
from tests.faults.tcp_proxy import TcpProxy
from tests.faults.test_unanswered_writes import beginning_of
from tests.faults.thorough import thorough
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

from waypost_common.topics import COMMANDS_STORE

pytestmark = pytest.mark.slow

CHAT = f"/api/v1/sessions/{SESSION}/chats/{ALICE}"
KEY = {"Idempotency-Key": "once"}


@thorough
async def test_a_request_whose_record_was_not_answered_is_done_once_when_it_comes_again(
    pipeline: Pipeline, proxy: TcpProxy, figures: Figures
) -> None:
    await asyncio.gather(pipeline.start("waypost-ingest"), pipeline.start("waypost-store"))
    await pipeline.publish([working_session(), message("A")])
    await pipeline.until_applied()
    api_key = await pipeline.api_key(ORGANIZATION)
    async with pipeline.client(await pipeline.start_api(WAYPOST_MONGO_URL=proxy.mongo_url), api_key) as client:
        proxy.fall_silent_at(beginning_of("insert", "operations"))
        refused = await client.patch(CHAT, json={"pinned": True}, headers=KEY)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "gateway_unavailable")
        assert proxy.holds_the_answer
        [operation] = [one async for one in pipeline.database["operations"].find({})]
        assert operation["status"] == "pending"
        assert await pipeline.read_all(COMMANDS_STORE) == []
        await proxy.cut()
        await proxy.heal()

        async def pinned() -> bool:
            again = await client.patch(CHAT, json={"pinned": True}, headers=KEY)
            return again.status_code == 200 and again.json()["pinned"] is True

        with figures.until("MongoDB is back, until a request that it had recorded is answered"):
            await eventually(pinned, lambda: f"the request is answered\n{logs(pipeline)}")
    [command] = await pipeline.read_all(COMMANDS_STORE)
    assert operation["_id"].encode() in (command.value or b"")
    await assert_as_if_nothing_had_happened(pipeline)
