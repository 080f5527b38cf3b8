"""Operations: told to those who do not wait, the same for whoever asks again, and honest about what nobody knows."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from tests.end_to_end.live.callers import error_of
from tests.end_to_end.live.contract import sees
from tests.end_to_end.live.system import LiveSystem

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


def text(system: LiveSystem, words: str = "Hello") -> dict[str, Any]:
    """A request to send."""
    return {"names": system.stage.names, "json": {"type": "text", "to": system.stage.person, "text": words}}


@sees("sendMessage", 202)
@sees("getOperation", 200)
async def test_an_asynchronous_message_is_told_of_at_once_and_found_in_its_operation_once_it_is_sent(system: LiveSystem) -> None:
    taken = await system.owner("sendMessage", **text(system, "Later"), params={"async": "true"})
    assert (taken.status_code, taken.json()["mode"], taken.json()["waMessageId"]) == (202, "async", None)
    names = {"operation": taken.json()["outboxId"]}
    assert taken.headers["location"] == f"/api/v1/operations/{names['operation']}"
    first = (await system.hasty("getOperation", names=names)).json()
    assert (first["command"], first["session"]) == ("message.send", system.stage.session)
    done = await system.until("getOperation", names, lambda found: found["status"] == "succeeded")
    message = {"session": system.stage.session, "mid": done["result"]["waMessageId"]}
    found = await system.owner("getMessage", names=message, params={"chat": system.stage.person})
    assert found.json()["body"] == "Later"


@pytest.mark.parametrize("how", [{"headers": {"Prefer": "wait=1, respond-async"}}, {"params": {"async": "1"}}], ids=str)
@sees("updateChat", 202)
async def test_either_way_of_not_waiting_is_taken(system: LiveSystem, how: dict[str, Any]) -> None:
    answer = await system.owner("updateChat", names=system.stage.names, json={"archived": False}, **how)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    await system.until("getOperation", {"operation": answer.json()["id"]}, lambda found: found["status"] == "succeeded")


@sees("sendMessage", 200)
async def test_a_message_is_sent_once_for_each_idempotency_key_and_every_replica_gives_the_first_answer(
    system: LiveSystem,
) -> None:
    request = text(system) | {"headers": {"Idempotency-Key": uuid4().hex}}
    first = (await system.owner("sendMessage", **request)).json()
    for caller in (system.owner, system.hasty):
        assert (await caller("sendMessage", **request)).json() == first | {"replayed": True}
    assert len(system.calls(first["outboxId"])) == 1


@sees("sendMessage", 202)
async def test_an_asynchronous_message_is_queued_once_for_each_idempotency_key(system: LiveSystem) -> None:
    request = text(system) | {"headers": {"Idempotency-Key": uuid4().hex}, "params": {"async": "true"}}
    first = (await system.owner("sendMessage", **request)).json()
    again = (await system.hasty("sendMessage", **request)).json()
    assert (again["outboxId"], again["replayed"], first["replayed"]) == (first["outboxId"], True, False)
    await system.until("getOperation", {"operation": first["outboxId"]}, lambda found: found["status"] == "succeeded")
    assert len(system.calls(first["outboxId"])) == 1


@sees("sendMessage", 409)
async def test_an_idempotency_key_with_another_text_is_409_and_sends_nothing(system: LiveSystem) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    assert (await system.owner("sendMessage", **text(system), headers=headers)).status_code == 200
    before = await system.live_commands()
    assert error_of(await system.owner("sendMessage", **text(system, "Other"), headers=headers)) == (409, "conflict")
    # What is malformed is told first.
    assert error_of(await system.owner("sendMessage", **text(system, ""), headers=headers)) == (400, "validation_error")
    assert await system.live_commands() == before


@sees("createSession", 201)
async def test_an_idempotency_key_of_another_organization_is_another_key(system: LiveSystem) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    mine, theirs = [await caller("createSession", headers=headers) for caller in (system.owner, system.stranger)]
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]


@sees("sendMessage", 503)
async def test_a_send_that_nobody_knows_the_end_of_is_503_with_its_operation_and_is_never_sent_again(system: LiveSystem) -> None:
    await system.fault("lose", session=system.stage.session, operation="message.send", times=1)
    request = text(system) | {"headers": {"Idempotency-Key": uuid4().hex}}
    for _ in range(2):
        answer = await system.owner("sendMessage", **request)
        assert error_of(answer) == (503, "gateway_unavailable")
        operation = answer.json()["error"]["details"]["operation"]
    told = (await system.owner("getOperation", names={"operation": operation})).json()
    assert (told["status"], told["error"]["code"]) == ("unknown", "gateway_unavailable")
    await system.until_working(system.stage.session)
    assert len(system.calls(operation)) == 1


@sees("sendMessage", 503)
async def test_a_send_that_a_crash_of_the_connector_cut_is_503_and_is_never_sent_again(system: LiveSystem) -> None:
    await system.fault("hold", session=system.stage.session, operation="message.send", seconds=60, times=1)
    request = text(system) | {"headers": {"Idempotency-Key": uuid4().hex}}
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(system.owner("sendMessage", **request), name="waits")
        taken = await system.owner("sendMessage", **request, params={"async": "true"})
        operation = taken.json()["outboxId"]
        await system.until_called(operation)
        await system.kill_connector()
    assert error_of(waiting.result()) == (503, "gateway_unavailable")
    assert waiting.result().json()["error"]["details"] == {"operation": operation}
    told = (await system.owner("getOperation", names={"operation": operation})).json()
    assert (told["status"], told["error"]["code"]) == ("unknown", "gateway_unavailable")
    await system.send(system.stage.session, system.stage.person, "the next one")
    assert len(system.calls(operation)) == 1


@sees("getOperation", 403)
async def test_an_operation_is_told_to_those_who_may_ask_for_such_a_one(system: LiveSystem) -> None:
    names = {"operation": system.stage.operation}
    assert error_of(await system.manager("getOperation", names=names)) == (403, "forbidden")
    made = await system.owner("createSession", params={"async": "true"})
    assert (await system.manager("getOperation", names={"operation": made.json()["id"]})).status_code == 200
