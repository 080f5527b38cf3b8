"""Sending, editing, revoking and reacting, from a command on Kafka to what can be read."""

from typing import Any

import pytest
from tests.integration.connector.live.conftest import Live
from tests.processes import eventually

from waypost_common.jids import ChatType
from waypost_common.live_commands import LiveCommand

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def sent(live: Live, text: str = "Hello") -> tuple[LiveCommand, dict[str, Any]]:
    command = await live.send(text)
    outcome = await live.outcome(command)
    assert outcome["status"] == "succeeded", outcome
    return command, outcome["result"]


async def test_a_message_that_was_sent_is_there_with_its_only_outcome_and_is_read_by_the_other_side(
    live: Live,
) -> None:
    command, result = await sent(live, "Good morning 🎈")
    message = await live.message(result["waMessageId"])
    assert message is not None
    assert (message["body"], message["fromMe"], message["chatJid"]) == ("Good morning 🎈", True, live.chat())

    async def read() -> bool:
        found = await live.message(result["waMessageId"])
        return found is not None and found["status"] == "read"

    await eventually(read, "the message read")
    assert len(live.calls(command)) == 1
    assert len(await live.outcomes(command)) == 1


async def test_a_message_is_edited_reacted_to_and_revoked(live: Live) -> None:
    _, result = await sent(live)
    target = {"chatJid": live.chat(), "messageId": result["waMessageId"]}
    for name, fields in (
        ("message.edit", {"text": "Hello again"}),
        ("message.react", {"emoji": "👍"}),
    ):
        assert (await live.outcome(await live.ask(name, target | fields)))["status"] == "succeeded"
    message = await live.message(result["waMessageId"])
    assert message is not None
    assert (message["body"], message["edited"]) == ("Hello again", True)
    assert [reaction["emoji"] for reaction in message["reactions"]] == ["👍"]
    assert (await live.outcome(await live.ask("message.revoke", target)))["status"] == "succeeded"
    revoked = await live.message(result["waMessageId"])
    assert revoked is not None
    assert revoked["deleted"]


async def test_whatsapp_refuses_what_is_not_there_and_what_is_not_ones_own(live: Live) -> None:
    theirs = await live.text_of_somebody_else(chatJid={"$regex": "@g.us$"})
    missing = {"chatJid": live.chat(), "messageId": "3EB0NOTTHERE", "emoji": "👍"}
    others = {"chatJid": theirs["chatJid"], "messageId": theirs["messageId"], "text": "changed"}
    unknown_group = {"to": "120363000000000009@g.us", "type": "text", "text": "?"}
    for name, payload, code in (
        ("message.react", missing, "not_found"),
        ("message.edit", others, "forbidden"),
        ("message.send", unknown_group, "not_found"),
    ):
        outcome = await live.outcome(await live.ask(name, payload))
        assert (outcome["status"], outcome["code"]) == ("rejected", code)


async def test_somebody_elses_message_of_the_stream_can_be_reacted_to(live: Live) -> None:
    theirs = await live.text_of_somebody_else(chatJid=live.chat(ChatType.GROUP))
    target = {"chatJid": theirs["chatJid"], "messageId": theirs["messageId"], "emoji": "🎉"}
    assert (await live.outcome(await live.ask("message.react", target)))["status"] == "succeeded"
    message = await live.message(theirs["messageId"])
    assert message is not None
    assert "🎉" in [reaction["emoji"] for reaction in message["reactions"]]


async def test_a_chats_flags_are_told_to_whatsapp_and_come_back_as_no_second_change(live: Live) -> None:
    flags = {"archived": True, "pinned": False, "mutedUntil": 1_900_000_000_000}
    command = await live.ask("chat.update", {"chatJid": live.chat(), **flags})
    assert (await live.outcome(command))["status"] == "succeeded"
    [call] = live.calls(command)
    assert (call["chat"], call["flags"]) == (live.chat(), flags)
    await live.pipeline.until_applied()
    chat = await live.pipeline.database["chats"].find_one({"session": live.cast.session, "jid": live.chat()})
    assert chat is None or not chat["archived"]
