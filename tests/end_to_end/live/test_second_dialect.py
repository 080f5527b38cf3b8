"""The second dialect on the running system: its own words for all that it documents, and changes that the first one reads."""

from typing import Any

import httpx
import pytest
from tests.end_to_end.live.contract import SECOND_DIALECT, Documented, each, sees
from tests.end_to_end.live.system import UNABLE, LiveSystem

from waypost_common.identifiers import Jid
from waypost_common.jids import user_part

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

TOO_LONG_BYTES = 2 * 1024 * 1024
A_MINUTE = 100
"""Requests that one token may make."""
UNKNOWN = "999000000000000"


def every(status: int, *, but: tuple[str, ...] = ()) -> list[Any]:
    return each(status, of=SECOND_DIALECT, but=but)


def told(answer: httpx.Response) -> tuple[int, str]:
    """The status and the text of a refusal."""
    assert answer.json()["success"] is False
    return answer.status_code, answer.json()["error"]["message"]


def at(system: LiveSystem, instance: str) -> dict[str, str]:
    return system.stage.names | {"instance": instance}


@sees("muteInstanceChat", 200)
async def test_a_chat_is_muted_word_for_word_and_reads_so_in_the_first_dialect(system: LiveSystem) -> None:
    person = system.stage.person
    for body, message, muted, duration in (
        ({"mute": True, "duration": "8h"}, "Chat muted for 8 hours", True, 28_800),
        ({"mute": True, "duration": "always"}, "Chat muted permanently", True, 0),
        ({"mute": False}, "Chat notifications unmuted successfully", False, 0),
    ):
        answer = await system.owner("muteInstanceChat", names=system.stage.names, json={"number": person, **body})
        expected = {"success": True, "message": message, "chat_jid": person, "muted": muted, "duration": duration}
        assert (answer.status_code, list(answer.json().items())) == (200, list(expected.items()))
        chat = (await system.owner("getChat", names=system.stage.names)).json()
        assert (chat["mutedUntil"] is not None) is muted


@sees("archiveInstanceChat", 200)
@sees("pinInstanceChat", 200)
async def test_a_chat_is_archived_and_pinned(system: LiveSystem) -> None:
    names, number = system.stage.names, user_part(Jid(system.stage.person))
    for operation, flag, field in (("archiveInstanceChat", "archive", "archived"), ("pinInstanceChat", "pin", "pinned")):
        for value in (True, False):
            answer = await system.owner(operation, names=names, json={"number": number, flag: value})
            assert (answer.json()["chat_jid"], answer.json()[field]) == (system.stage.person, value)
            assert (await system.owner("getChat", names=names)).json()[field] is value


@sees("markInstanceChatRead", 200)
async def test_a_chat_is_marked_unread_and_read(system: LiveSystem) -> None:
    for read in (False, True):
        body = {"number": system.stage.person, "read": read}
        answer = await system.owner("markInstanceChatRead", names=system.stage.names, json=body)
        assert answer.json()["read"] is read
        assert (await system.owner("getChat", names=system.stage.names)).json()["markedUnread"] is not read


@sees("deleteInstanceChat", 200)
async def test_a_chat_is_deleted_with_its_messages(system: LiveSystem) -> None:
    cast = system.take_session()
    person = await system.until_chat(cast)
    held = {"session": cast.session, "mid": (await system.send(cast.session, person))["waMessageId"]}
    answer = await system.owner("deleteInstanceChat", names=at(system, cast.session), json={"number": person})
    assert (answer.status_code, answer.json()["message"]) == (200, "Chat deleted successfully")
    assert (await system.owner("getMessage", names=held, params={"chat": person})).status_code == 404


@pytest.mark.parametrize("operation", every(401))
async def test_without_a_token_it_is_401(system: LiveSystem, operation: Documented) -> None:
    answer = await system.nobody(operation.id, **system.stage.request(operation))
    assert told(answer) == (401, "Missing token in header")
    wrong = await system.nobody(operation.id, **system.stage.request(operation), headers={"token": "wa_wrong"})
    assert told(wrong) == (401, "Invalid token")


@pytest.mark.parametrize("operation", every(403))
async def test_a_token_without_the_capability_is_403(system: LiveSystem, operation: Documented) -> None:
    assert (await system.listener(operation.id, **system.stage.request(operation))).status_code == 403


@pytest.mark.parametrize("operation", every(404))
async def test_another_organizations_instance_and_none_are_answered_alike(system: LiveSystem, operation: Documented) -> None:
    request = system.stage.request(operation)
    theirs = await system.stranger(operation.id, **request)
    none = await system.owner(operation.id, **request | {"names": at(system, "none")})
    assert told(theirs) == told(none) == (404, "Instance not found")


@pytest.mark.parametrize("operation", every(404, but=("muteInstanceChat",)))
async def test_a_chat_that_is_not_stored_is_404(system: LiveSystem, operation: Documented) -> None:
    body = system.stage.body(operation) | {"number": UNKNOWN}
    answer = await system.owner(operation.id, names=system.stage.names, json=body)
    assert told(answer) == (404, "Chat not found")


@pytest.mark.parametrize("operation", every(400))
async def test_a_body_without_a_number_is_400(system: LiveSystem, operation: Documented) -> None:
    body = {name: value for name, value in system.stage.body(operation).items() if name != "number"}
    answer = await system.owner(operation.id, names=system.stage.names, json=body)
    assert told(answer) == (400, "Number is required")


@pytest.mark.parametrize("operation", every(408))
async def test_a_body_that_never_comes_is_408(system: LiveSystem, operation: Documented) -> None:
    answer = await system.hasty.announce(operation.id, system.stage.names, body_bytes=5)
    assert told(answer) == (408, "The body took too long to arrive")


@pytest.mark.parametrize("operation", every(413))
async def test_a_body_that_is_too_long_is_413(system: LiveSystem, operation: Documented) -> None:
    answer = await system.owner.announce(operation.id, system.stage.names, body_bytes=TOO_LONG_BYTES)
    assert answer.status_code == 413


@pytest.mark.parametrize("operation", every(429))
async def test_a_token_makes_a_hundred_requests_a_minute(system: LiveSystem, operation: Documented) -> None:
    caller = await system.another_key()
    try:
        request = system.stage.request(operation) | {"names": at(system, "none")}
        left = [(await caller(operation.id, **request)).headers["x-ratelimit-remaining"] for _ in range(A_MINUTE)]
        assert left[-1] == "0"
        answer = await caller(operation.id, **request)
    finally:
        await caller.close()
    assert told(answer) == (429, "Rate limit exceeded. Try again later.")


@pytest.mark.parametrize("operation", every(503))
async def test_an_instance_that_is_not_connected_is_503_and_so_is_all_without_mongodb(
    system: LiveSystem, operation: Documented
) -> None:
    stopped = await system.owner(operation.id, **system.stage.request(operation) | {"names": at(system, UNABLE)})
    assert told(stopped) == (503, "Instance is not connected to WhatsApp")
    assert (await system.cut_off(operation.id, **system.stage.request(operation))).status_code == 503
