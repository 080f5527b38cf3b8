"""How much a session may send: 20 messages a minute, refused beyond, or waited for by those who do not wait themselves."""

import asyncio

import pytest
from tests.end_to_end.live.callers import error_of
from tests.end_to_end.live.contract import sees
from tests.end_to_end.live.system import LiveSystem

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

A_MINUTE = 20


@sees("sendMessage", 200, 202, 429)
async def test_beyond_twenty_a_minute_a_send_is_429_and_an_asynchronous_one_waits(system: LiveSystem) -> None:
    cast = system.take_session()
    names, person = {"session": cast.session}, await system.until_chat(cast)
    body = {"type": "text", "to": person, "text": "Hello"}
    await asyncio.gather(*(system.send(cast.session, person, str(number)) for number in range(A_MINUTE)))
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
    # A connector counts from its start. What waited for the one that was killed is sent by the next, once.
    await system.kill_connector()
    await system.until("getOperation", operation, lambda found: found["status"] == "succeeded")
    assert len(system.calls(operation["operation"])) == 1
