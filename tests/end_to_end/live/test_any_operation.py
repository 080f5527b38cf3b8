"""What every operation answers alike: who may, what is not there, what cannot be, bodies that are too long or never come.

Taken from the OpenAPI document: an operation that is built later is in these tests as soon as it has an example.
"""

import asyncio
import signal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.end_to_end.live.callers import error_of
from tests.end_to_end.live.contract import Documented, each, operations, sees
from tests.end_to_end.live.system import UNABLE, LiveSystem
from tests.processes import eventually

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

TOO_LONG_BYTES = 2 * 1024 * 1024
OF_SESSIONS = ("deleteSession", "startSession", "stopSession", "logoutSession", "sessionPairingCode")
"""These are asked for sessions that are made for it: the stage must go on."""


async def harmless(system: LiveSystem, operation: Documented) -> dict[str, Any]:
    """A valid request, of which the stage takes no harm."""
    request, other = system.stage.request(operation), {}
    if operation.id in OF_SESSIONS:
        other = {"session": (await system.owner("createSession", json={"start": True})).json()["id"]}
        await system.until("getSession", other, lambda found: found["status"] == "scan_qr_code")
    if operation.id == "restartSession":
        other = {"session": system.restarted}
        await system.until_working(system.restarted)
    if operation.id == "deleteChat":
        other = {"cid": system.stage.another}
    return request | {"names": request["names"] | other}


@pytest.mark.parametrize("operation", [one for one in each(200) if one.values[0].method == "GET" and one.id != "sessionQR"])
async def test_what_is_there_is_200(system: LiveSystem, operation: Documented) -> None:
    assert (await system.owner(operation.id, **system.stage.request(operation))).status_code == 200


@pytest.mark.parametrize("operation", each(401))
async def test_without_a_key_nothing_is_told(system: LiveSystem, operation: Documented) -> None:
    answer = await system.nobody(operation.id, **system.stage.request(operation))
    assert error_of(answer) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("operation", each(403))
async def test_a_key_without_the_capability_may_not_even_where_nothing_is_there(
    system: LiveSystem, operation: Documented
) -> None:
    request = system.stage.request(operation)
    for session in (system.stage.session, "none"):
        answer = await system.listener(operation.id, **request | {"names": system.stage.names | {"session": session}})
        assert error_of(answer) == (403, "forbidden")


@pytest.mark.parametrize("operation", each(404, of="{session}"))
async def test_another_organizations_session_and_none_are_answered_alike(system: LiveSystem, operation: Documented) -> None:
    request = system.stage.request(operation) | {"content": b"{not json"}
    request.pop("json", None)
    theirs = await system.stranger(operation.id, **request)
    none = await system.owner(operation.id, **request | {"names": system.stage.names | {"session": "none"}})
    assert error_of(theirs) == error_of(none) == (404, "not_found")
    assert theirs.content == none.content


@sees("getOperation", 404)
async def test_another_organizations_operation_and_none_are_answered_alike(system: LiveSystem) -> None:
    names = {"operation": system.stage.operation}
    assert (await system.owner("getOperation", names=names)).status_code == 200
    theirs = await system.stranger("getOperation", names=names)
    none = await system.owner("getOperation", names={"operation": "cmd_none"})
    assert error_of(theirs) == (404, "not_found")
    assert theirs.content == none.content


@pytest.mark.parametrize("operation", each(501))
async def test_what_no_connector_offers_is_501_whatever_the_body_says_and_nothing_is_published(
    system: LiveSystem, operation: Documented
) -> None:
    names = system.stage.names | {"session": UNABLE}
    before = await system.owner("getSession", names={"session": UNABLE}), await system.live_commands()
    bodies: tuple[dict[str, Any], ...] = ({"json": system.stage.body(operation)}, {"content": b"{not json"}, {})
    for body in bodies:
        assert error_of(await system.owner(operation.id, names=names, **body)) == (501, "not_implemented")
    after = await system.owner("getSession", names={"session": UNABLE}), await system.live_commands()
    assert (before[0].json(), before[1]) == (after[0].json(), after[1])


@pytest.mark.parametrize("operation", each(408))
async def test_a_body_that_never_comes_is_408(system: LiveSystem, operation: Documented) -> None:
    answer = await system.hasty.announce(operation.id, system.stage.names, body_bytes=5)
    assert error_of(answer) == (408, "validation_error")


@pytest.mark.parametrize("operation", each(413))
async def test_a_body_that_is_too_long_is_413_before_it_is_sent(system: LiveSystem, operation: Documented) -> None:
    answer = await system.owner.announce(operation.id, system.stage.names, body_bytes=TOO_LONG_BYTES)
    assert error_of(answer) == (413, "validation_error")


@pytest.mark.parametrize("operation", [one for one in each(400) if 202 in one.values[0].answers])
async def test_an_idempotency_key_that_cannot_be_one_is_400(system: LiveSystem, operation: Documented) -> None:
    request = system.stage.request(operation)
    answer = await system.owner(operation.id, **request, headers={"Idempotency-Key": "with a space"})
    assert error_of(answer) == (400, "validation_error")


@pytest.mark.parametrize("operation", [one for one in each(400) if 202 not in one.values[0].answers])
async def test_a_query_that_cannot_be_one_is_400(system: LiveSystem, operation: Documented) -> None:
    nonsense = {"limit": "many", "cursor": "nonsense", "chat": "nobody", "format": "bmp"}
    answer = await system.owner(operation.id, names=system.stage.names, params=nonsense)
    assert error_of(answer) == (400, "validation_error")


@pytest.mark.parametrize("operation", [one for one in each(409) if 202 in one.values[0].answers])
async def test_an_idempotency_key_of_another_request_is_409(system: LiveSystem, operation: Documented) -> None:
    headers = {"Idempotency-Key": f"taken-{uuid4().hex}"}
    taken = await system.owner("muteChannel", names=system.stage.names, json={"mute": False}, headers=headers)
    assert taken.status_code == 204
    answer = await system.owner(operation.id, **await harmless(system, operation), headers=headers)
    assert error_of(answer) == (409, "conflict")


@pytest.mark.parametrize("operation", each(202))
async def test_an_asynchronous_request_is_202_and_any_replica_knows_its_operation_at_once(
    system: LiveSystem, operation: Documented
) -> None:
    request = await harmless(system, operation)
    answer = await system.owner(operation.id, **request, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    location = answer.headers["location"]
    asked = await system.hasty("getOperation", url=location)
    assert asked.status_code == 200
    assert location.endswith(asked.json()["id"])
    assert asked.json()["status"] in {"pending", "succeeded"}

    async def ended() -> bool:
        asked = await system.hasty("getOperation", url=location)
        assert asked.json()["status"] in {"pending", "succeeded"}, asked.text
        return bool(asked.json()["status"] == "succeeded")

    await eventually(ended, f"the success of {location}")


@pytest.mark.parametrize("operation", each(503))
async def test_without_mongodb_everything_is_503_soon(system: LiveSystem, operation: Documented) -> None:
    answer = await system.cut_off(operation.id, **system.stage.request(operation))
    assert error_of(answer) == (503, "gateway_unavailable")
    assert int(answer.headers["retry-after"]) >= 1


async def test_what_nobody_answers_in_time_is_503_with_its_operation_and_is_not_done_later(system: LiveSystem) -> None:
    asked = [one for one in operations().values() if 202 in one.answers and one.id != "sessionPairingCode"]  # it is paired
    executors = (system.connector, system.store)
    try:
        await asyncio.gather(*(process.freeze() for process in executors))
        answers: list[httpx.Response] = await asyncio.gather(
            *(system.hasty(one.id, **system.stage.request(one)) for one in asked)
        )
    finally:
        for process in executors:
            process.send_signal(signal.SIGCONT)
    for one, answer in zip(asked, answers, strict=True):
        assert error_of(answer) == (503, "gateway_unavailable"), one.id
        told = {"operation": answer.json()["error"]["details"]["operation"]}

        async def expired(told: dict[str, str] = told) -> bool:
            return bool((await system.owner("getOperation", names=told)).json()["status"] == "expired")

        await eventually(expired, f"the end of {one.id}")
        assert system.calls(told["operation"]) == []
