"""Somebody whom WhatsApp names by LID alone, later by both addresses, then by phone number alone, over kills of the connector."""

from typing import Any, Final

import pytest
from tests.end_to_end.live.contract import sees
from tests.end_to_end.live.system import SECRET, LiveSystem

from waypost_connector.simulated.protocol import open_frames

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

LID: Final = "777000000000001@lid"
PHONE: Final = "9997770000001@s.whatsapp.net"


async def arrive(system: LiveSystem, message: str, chat: str, **alternative: str) -> None:
    """A message from that person, as WhatsApp names them."""
    payload = {"waMessageId": message, "chatJid": chat, "fromMe": False, "type": "text", "hasMedia": False, "timestamp": 0}
    frames = await open_frames("127.0.0.1", int(system.network.environment["WAYPOST_NETWORK_PORT"]))
    asked = {"type": "arrive", "secret": SECRET, "session": system.stage.session, "event": "message", **alternative}
    await frames.write(asked | {"payload": payload | {"body": message}})
    answer = await frames.read()
    frames.close()
    assert answer is not None
    assert answer["done"] is True


async def until_read(system: LiveSystem, cid: str, *messages: str) -> list[dict[str, Any]]:
    """The messages of that chat, as soon as it has these."""
    names = {"session": system.stage.session, "cid": cid}

    def holds(page: dict[str, Any]) -> bool:
        return {one["id"] for one in page["data"]} >= set(messages)

    return list((await system.until("listChatMessages", names, holds))["data"])


@sees("listChatMessages", 200)
@sees("sendMessage", 200)
async def test_they_have_one_chat_that_is_found_by_both_addresses(system: LiveSystem) -> None:
    session = system.stage.session
    await arrive(system, "BY-LID", LID)
    await until_read(system, LID, "BY-LID")
    await system.kill_connector()
    await arrive(system, "BY-BOTH", PHONE, alternative=LID)
    await until_read(system, LID, "BY-LID", "BY-BOTH")
    await system.kill_connector()
    await arrive(system, "BY-PHONE", PHONE)
    await until_read(system, PHONE, "BY-LID", "BY-BOTH", "BY-PHONE")
    sent = await system.send(session, PHONE)
    found = await until_read(system, PHONE, sent["waMessageId"])
    assert {one["chatJid"] for one in found} == {LID}
    chat = await system.owner("updateChat", names={"session": session, "cid": PHONE}, json={"pinned": True})
    assert (chat.json()["jid"], chat.json()["pinned"]) == (LID, True)
    number = {"number": PHONE.partition("@")[0], "pin": False}
    reply = await system.owner("pinInstanceChat", names={"instance": session}, json=number)
    assert reply.json()["chat_jid"] == LID
    chats = (await system.owner("listChats", names={"session": session}, params={"limit": 100})).json()["data"]
    assert LID in {one["jid"] for one in chats}
    assert PHONE not in {one["jid"] for one in chats}
