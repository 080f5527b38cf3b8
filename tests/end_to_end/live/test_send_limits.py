"""How much a session may send: 20 messages a minute, refused beyond, or waited for by those who do not wait themselves."""

import asyncio

import pytest
from tests.end_to_end.live.callers import error_of
from tests.end_to_end.live.contract import sees
from tests.end_to_end.live.system import LiveSystem

from waypost_common.documents import Collection

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

IN_A_MINUTE = 20
A_MINUTE_MS = 60_000


@sees("sendMessage", 200, 202, 429)
async def test_beyond_twenty_a_minute_a_send_is_429_and_an_asynchronous_one_waits(system: LiveSystem) -> None:
    cast = system.take_session()
    names, person = {"session": cast.session}, await system.until_chat(cast)
    body = {"type": "text", "to": person, "text": "Hello"}
    await asyncio.gather(*(system.send(cast.session, person, str(number)) for number in range(IN_A_MINUTE)))
    refused = await system.owner("sendMessage", names=names, json=body)
    assert error_of(refused) == (429, "rate_limited")
    seconds = int(refused.headers["retry-after"])
    assert 1 <= seconds <= 60
    assert refused.json()["error"]["details"] == {"retryAfterSeconds": seconds}
    waiting = await system.owner("sendMessage", names=names, json=body, params={"async": "true"})
    assert (waiting.status_code, waiting.json()["status"], waiting.json()["mode"]) == (202, "pending", "async")
    operation = {"operation": waiting.json()["outboxId"]}
    # It holds up nothing else.
    target = {"chat": person, "emoji": "👍"}
    mid = (await system.owner("listChatMessages", names=names | {"cid": person})).json()["data"][0]["id"]
    assert (await system.owner("addReaction", names=names | {"mid": mid}, json=target)).status_code == 200
    assert (await system.owner("getOperation", names=operation)).json()["status"] == "pending"
    assert system.calls(operation["operation"]) == []
    await a_minute_later(system, cast.session)
    await system.until("getOperation", operation, lambda found: found["status"] == "succeeded")
    assert len(system.calls(operation["operation"])) == 1


async def a_minute_later(system: LiveSystem, session: str) -> None:
    """For a connector that starts now, the session's messages were sent a minute before."""
    devices = system.pipeline.database[Collection.DEVICES]

    async def earlier() -> None:
        kept = await devices.find_one({"_id": session})
        assert kept is not None
        await devices.update_one({"_id": session}, {"$set": {"sentAt": [at - A_MINUTE_MS for at in kept["sentAt"]]}})

    await system.kill_connector(before_it_starts=earlier)
