"""What each endpoint answers when all is well, to the byte, and what it has changed."""

import time
from typing import Any

import pytest
from tests.integration.api.second_dialect.conftest import Instance, System

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER, JID = "5511999999999", "5511999999999@s.whatsapp.net"
FOREVER = 253_402_300_799_000
HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("duration", "message", "seconds"),
    [
        ("8h", "Chat muted for 8 hours", 28_800),
        ("8 hours", "Chat muted for 8 hours", 28_800),
        ("1w", "Chat muted for 1 week", 604_800),
        ("7d", "Chat muted for 1 week", 604_800),
        ("1 week", "Chat muted for 1 week", 604_800),
        ("always", "Chat muted permanently", 0),
        ("forever", "Chat muted permanently", 0),
        ("permanent", "Chat muted permanently", 0),
        ("", "Chat muted permanently", 0),
        (None, "Chat muted permanently", 0),
    ],
)
async def test_a_chat_is_muted_for_as_long_as_asked(
    system: System, instance: Instance, duration: str | None, message: str, seconds: int
) -> None:
    await system.chat_with(instance, JID)
    before = time.time_ns() // 1_000_000
    body = {"number": NUMBER, "mute": True} | ({} if duration is None else {"duration": duration})
    answer = await system.ask(instance, "mute", body)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == (f'{{"success":true,"message":"{message}","chat_jid":"{JID}","muted":true,"duration":{seconds}}}')
    chat = await system.chat(instance, JID)
    assert chat is not None
    if seconds:
        assert before <= chat["mutedUntil"] - seconds * 1_000 <= time.time_ns() // 1_000_000
    else:
        assert chat["mutedUntil"] == FOREVER


async def test_a_chat_is_unmuted_and_the_duration_ignored(system: System, instance: Instance) -> None:
    await system.chat_with(instance, JID)
    await system.ask(instance, "mute", {"number": NUMBER, "mute": True})
    answer = await system.ask(instance, "mute", {"number": NUMBER, "mute": False, "duration": 5})
    assert answer.status_code == 200
    assert answer.text == (
        f'{{"success":true,"message":"Chat notifications unmuted successfully","chat_jid":"{JID}","muted":false,"duration":0}}'
    )
    chat = await system.chat(instance, JID)
    assert chat is not None
    assert chat["mutedUntil"] is None


async def test_a_chat_that_is_not_stored_is_muted_and_then_there(system: System, instance: Instance) -> None:
    answer = await system.ask(instance, "mute", {"number": NUMBER, "mute": True, "duration": "8h"})
    assert (answer.status_code, answer.json()["chat_jid"]) == (200, JID)
    chat = await system.chat(instance, JID)
    assert chat is not None
    assert chat["mutedUntil"] is not None
    assert (chat["lastMessageAt"], chat["unreadCount"]) == (None, 0)


@pytest.mark.parametrize("jid", ["120363021234567890@g.us", "120363012345678901@newsletter", "205227043110953@lid"])
async def test_chats_of_every_kind_are_muted_before_they_are_stored(system: System, instance: Instance, jid: str) -> None:
    answer = await system.ask(instance, "mute", {"number": jid, "mute": True})
    assert (answer.status_code, answer.json()["chat_jid"]) == (200, jid)
    assert await system.chat(instance, jid) is not None


async def test_unmuting_a_chat_that_is_not_stored_changes_nothing_and_succeeds(system: System, instance: Instance) -> None:
    answer = await system.ask(instance, "mute", {"number": NUMBER, "mute": False})
    assert (answer.status_code, answer.json()["muted"]) == (200, False)
    assert await system.chat(instance, JID) is None


@pytest.mark.parametrize(
    ("name", "flag", "value", "message", "stored"),
    [
        ("archive", "archive", True, "Chat archived successfully", {"archived": True}),
        ("archive", "archive", False, "Chat unarchived successfully", {"archived": False}),
        ("pin", "pin", True, "Chat pinned successfully", {"pinned": True}),
        ("pin", "pin", False, "Chat unpinned successfully", {"pinned": False}),
        ("markChatRead", "read", True, "Chat marked as read successfully", {"unreadCount": 0, "markedUnread": False}),
        ("markChatRead", "read", False, "Chat marked as unread successfully", {"markedUnread": True}),
    ],
)
async def test_a_flag_is_set_and_set_again(
    system: System, instance: Instance, name: str, flag: str, value: bool, message: str, stored: dict[str, Any]
) -> None:
    await system.chat_with(instance, JID)
    await system.ask(instance, name, {"number": NUMBER, flag: not value})
    told = {"archive": "archived", "pin": "pinned", "read": "read"}[flag]
    for _ in range(2):
        answer = await system.ask(instance, name, {"number": NUMBER, flag: value})
        assert answer.status_code == 200
        assert answer.text == (
            f'{{"success":true,"message":"{message}","chat_jid":"{JID}","{told}":{"true" if value else "false"}}}'
        )
        chat = await system.chat(instance, JID)
        assert chat is not None
        assert {field: chat[field] for field in stored} == stored


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Chat deleted successfully"),
        ({"deleteMedia": False}, "Chat deleted successfully"),
        ({"deleteMedia": True}, "Chat deleted successfully (including media)"),
    ],
)
async def test_a_chat_is_deleted(system: System, instance: Instance, body: dict[str, Any], message: str) -> None:
    await system.chat_with(instance, JID)
    answer = await system.ask(instance, "deleteChat", {"number": NUMBER} | body)
    assert answer.status_code == 200
    assert answer.text == f'{{"success":true,"message":"{message}","chat_jid":"{JID}"}}'
    assert await system.chat(instance, JID) is None


async def test_a_fourth_chat_is_pinned(system: System, instance: Instance) -> None:
    for number in ("6281", "6282", "6283", "6284"):
        await system.chat_with(instance, f"{number}@s.whatsapp.net")
        assert (await system.ask(instance, "pin", {"number": number, "pin": True})).status_code == 200


async def test_the_change_has_a_record_like_any_other(system: System, instance: Instance) -> None:
    await system.chat_with(instance, JID)
    await system.ask(instance, "archive", {"number": NUMBER, "archive": True})
    records = [found async for found in system.pipeline.database["operations"].find({"session": instance.session})]
    assert [(one["command"], one["organization"]) for one in records] == [("chat.update", instance.organization)]
