"""Changes of a chat: in the stored copy once they are answered, and told to WhatsApp."""

from typing import Any

import pytest
from tests.end_to_end.live.callers import error_of
from tests.end_to_end.live.contract import Documented, each, sees
from tests.end_to_end.live.system import UNABLE, LiveSystem

from waypost_common.clock import now_ms
from waypost_common.identifiers import CommandId, push_id_of_command

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def read(system: LiveSystem) -> dict[str, Any]:
    return dict((await system.owner("getChat", names=system.stage.names)).json())


@sees("updateChat", 200)
async def test_flags_of_a_chat_are_what_the_answer_says(system: LiveSystem) -> None:
    until = now_ms() + 3_600_000
    for body in ({"archived": True, "mutedUntil": until}, {"archived": False, "unmute": True}):
        answer = await system.owner("updateChat", names=system.stage.names, json=body)
        assert answer.status_code == 200
        expected = (body["archived"], until if body["archived"] else None)
        for chat in (answer.json(), await read(system)):
            assert (chat["archived"], chat["mutedUntil"]) == expected


async def until_pushed(system: LiveSystem, **flags: bool) -> tuple[str, dict[str, Any]]:
    """Changes flags of the stage's chat, and returns the operation once it tells how WhatsApp took that."""
    taken = await system.owner("updateChat", names=system.stage.names, json=flags, params={"async": "true"})
    operation = taken.json()["id"]
    names = {"operation": operation}
    return operation, await system.until("getOperation", names, lambda found: found["push"] not in {None, "pending"})


async def test_flags_are_told_to_whatsapp(system: LiveSystem) -> None:
    operation, found = await until_pushed(system, pinned=True)
    assert (found["status"], found["push"]) == ("succeeded", "succeeded")
    (call,) = system.calls(push_id_of_command(CommandId(operation)))
    assert (call["operation"], call["chat"], call["flags"]["pinned"]) == ("chat.update", system.stage.person, True)


async def test_flags_that_whatsapp_refuses_are_changed_all_the_same(system: LiveSystem) -> None:
    await system.fault("refuse", session=system.stage.session, operation="chat.update")
    try:
        _, found = await until_pushed(system, archived=True)
    finally:
        await system.fault(None)
    assert (found["status"], found["push"]) == ("succeeded", "failed")
    assert (await read(system))["archived"] is True


@sees("updateChat", 200)
async def test_flags_of_a_session_without_a_connector_are_changed_and_told_to_nobody(system: LiveSystem) -> None:
    before = await system.live_commands()
    chats = (await system.owner("listChats", names={"session": UNABLE})).json()["data"]
    names = {"session": UNABLE, "cid": chats[0]["jid"]}
    answer = await system.owner("updateChat", names=names, json={"pinned": True}, params={"async": "true"})
    found = await system.until("getOperation", {"operation": answer.json()["id"]}, lambda one: one["status"] != "pending")
    assert (found["status"], found["push"]) == ("succeeded", None)
    assert (await system.owner("updateChat", names=names, json={"pinned": True})).json()["pinned"] is True
    assert await system.live_commands() == before


@sees("updateChat", 422)
async def test_flags_of_the_wrong_kind_are_422(system: LiveSystem) -> None:
    for body in ({"archived": "yes"}, {"pinned": None}, {"mutedUntil": -1}, {"mutedUntil": "tomorrow"}, {"unmute": 1}):
        answer = await system.owner("updateChat", names=system.stage.names, json=body)
        assert error_of(answer) == (422, "validation_error")
        assert answer.json()["error"]["details"]["fields"].keys() == body.keys()


@sees("readChat", 200)
@sees("unreadChat", 200)
async def test_a_chat_is_marked_unread_and_read(system: LiveSystem) -> None:
    unread = (await system.owner("unreadChat", names=system.stage.names)).json()
    marked = (await system.owner("readChat", names=system.stage.names)).json()
    assert (unread["markedUnread"], marked["markedUnread"], marked["unreadCount"]) == (True, False, 0)


@sees("deleteChat", 204, 404)
async def test_a_deleted_chat_is_gone_when_the_answer_comes(system: LiveSystem) -> None:
    session = system.take_session().session
    page = await system.until("listChats", {"session": session}, lambda found: len(found["data"]) > 3)
    names = {"session": session, "cid": page["data"][-1]["jid"]}
    assert (await system.owner("deleteChat", names=names)).status_code == 204
    # New activity may bring it back, but without what was deleted.
    assert (await system.owner("deleteChat", names=names)).status_code in {204, 404}
    assert (await system.owner("deleteChat", names=names | {"cid": "6281@s.whatsapp.net"})).status_code == 404


@pytest.mark.parametrize("operation", each(404, of="/chats/{cid}"))
async def test_a_chat_that_is_not_stored_is_404(system: LiveSystem, operation: Documented) -> None:
    for chat in ("999000000000000@s.whatsapp.net", "nobody"):
        request = system.stage.request(operation) | {"names": system.stage.names | {"cid": chat}}
        assert error_of(await system.owner(operation.id, **request)) == (404, "not_found")
