"""Sessions made, started, stopped, logged out and deleted over HTTP, and what stays of them."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from tests.end_to_end.live.callers import error_of
from tests.end_to_end.live.contract import operations, sees
from tests.end_to_end.live.system import LiveSystem
from tests.processes import eventually

from waypost_common.documents import Collection

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

WITHOUT_CONNECTION = ("restartSession", "logoutSession", "sessionPairingCode")


async def read(system: LiveSystem, session: str) -> dict[str, Any]:
    answer = await system.owner("getSession", names={"session": session})
    assert answer.status_code == 200
    return dict(answer.json())


async def ask(system: LiveSystem, operation: str, session: str) -> dict[str, Any]:
    """The session, as the answer shows it."""
    answer = await system.owner(operation, names={"session": session})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@sees("listSessions", 200)
async def test_sessions_are_listed_to_their_own_organization_alone(system: LiveSystem) -> None:
    page = (await system.owner("listSessions")).json()
    assert {cast.session for cast in system.casts} <= {one["id"] for one in page["data"]}
    assert page["nextCursor"] is None
    theirs = (await system.stranger("listSessions")).json()["data"]
    assert {one["organizationId"] for one in theirs} <= {"org_others"}


@sees("createSession", 201)
async def test_a_new_session_is_stopped_unpaired_and_readable_at_once(system: LiveSystem) -> None:
    body = {"label": "Support 🎈", "autoRead": True, "presenceTyping": True}
    answer = await system.owner("createSession", json=body)
    made = answer.json()
    assert {name: made[name] for name in body} == body
    assert (made["status"], made["waJid"], made["phoneNumber"], made["lastConnectedAt"]) == ("stopped", None, None, None)
    assert await read(system, made["id"]) == made
    assert (await system.owner("createSession", json=body)).json()["id"] != made["id"]


@pytest.mark.parametrize(
    "body", [{"label": 5}, {"label": "x" * 201}, {"autoRead": "yes"}, {"start": 1}, []], ids=lambda b: str(b)[:30]
)
@sees("createSession", 400)
async def test_a_malformed_session_is_400(system: LiveSystem, body: Any) -> None:
    assert error_of(await system.owner("createSession", json=body)) == (400, "validation_error")


@sees("stopSession", 200)
@sees("startSession", 200)
@sees("sessionMe", 200)
async def test_a_stopped_session_stays_paired_does_nothing_and_starts_again(system: LiveSystem) -> None:
    session = system.take_session().session
    before = (await system.owner("sessionMe", names={"session": session})).json()
    for _ in range(2):
        assert (await ask(system, "stopSession", session))["status"] == "stopped"
    after = (await system.owner("sessionMe", names={"session": session})).json()
    assert after == before | {"status": "stopped", "connected": False}
    published = await system.live_commands()
    for operation in (one for one in operations().values() if 501 in one.answers and one.id not in WITHOUT_CONNECTION):
        request = system.stage.request(operation) | {"names": system.stage.names | {"session": session}}
        answer = await system.owner(operation.id, **request)
        assert error_of(answer) == (501, "not_implemented"), operation.id
        assert answer.json()["error"]["message"] == "the session is stopped, not working: start it first"
    assert await system.live_commands() == published
    for _ in range(2):
        assert (await ask(system, "startSession", session))["status"] == "working"
    assert (await system.owner("sessionMe", names={"session": session})).json() == before


@sees("restartSession", 200)
async def test_a_restarted_session_connects_again(system: LiveSystem) -> None:
    session = system.take_session().session
    before = await read(system, session)
    after = await ask(system, "restartSession", session)
    assert (after["status"], after["waJid"]) == ("working", before["waJid"])
    assert after["lastConnectedAt"] > before["lastConnectedAt"]


@sees("deleteSession", 204, 404)
@sees("getSession", 404)
async def test_a_deleted_session_is_gone_with_all_that_it_held(system: LiveSystem) -> None:
    cast = system.take_session()
    names = {"session": cast.session, "cid": await system.until_chat(cast)}
    headers = {"Idempotency-Key": uuid4().hex}
    assert (await system.owner("deleteSession", names=names, headers=headers)).status_code == 204
    reads = [one for one in operations().values() if one.method == "GET" and "{session}" in one.path]
    every = system.stage.names | names
    answers = await asyncio.gather(*(system.owner(one.id, names=every, params={"chat": names["cid"]}) for one in reads))
    assert {error_of(answer) for answer in answers} == {(404, "not_found")}
    listed = (await system.owner("listSessions")).json()["data"]
    assert cast.session not in {one["id"] for one in listed}
    assert error_of(await system.owner("deleteSession", names=names)) == (404, "not_found")
    assert (await system.owner("deleteSession", names=names, headers=headers)).status_code == 204

    async def purged() -> bool:
        held = (Collection.CHATS, Collection.MESSAGES, Collection.CONTACTS, Collection.GROUPS, Collection.CHANNELS)
        found = [await system.pipeline.database[one].find_one({"session": cast.session}) for one in held]
        return found == [None] * len(held)

    await eventually(purged, "nothing of it left in MongoDB")
