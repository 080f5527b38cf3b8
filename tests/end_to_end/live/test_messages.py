"""Text sent, edited, revoked and reacted to over HTTP, as WhatsApp takes it and as it comes back in events."""

from typing import Any

import orjson
import pytest
import pytest_asyncio
from tests.end_to_end.live.callers import error_of
from tests.end_to_end.live.contract import Documented, each, sees
from tests.end_to_end.live.system import LiveSystem

from waypost_common.jids import ChatType

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

CALLS = {
    "sendMessage": "message.send",
    "editMessage": "message.edit",
    "revokeMessage": "message.revoke",
    "addReaction": "message.react",
    "removeReaction": "message.react",
}
MEDIA = ("poll", "location", "contact", "image", "video", "audio", "document", "sticker")


@pytest_asyncio.fixture(loop_scope="session")
async def sent(system: LiveSystem) -> dict[str, str]:
    """Names a message that was sent just now."""
    result = await system.send(system.stage.session, system.stage.person)
    return {"session": system.stage.session, "mid": result["waMessageId"]}


async def read(system: LiveSystem, names: dict[str, str], chat: str | None = None) -> dict[str, Any]:
    answer = await system.owner("getMessage", names=names, params={"chat": chat or system.stage.person})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def written_by_others(system: LiveSystem) -> tuple[dict[str, str], dict[str, Any]]:
    """The names and the body of a text in the stage's group."""

    def texts(page: dict[str, Any]) -> list[dict[str, Any]]:
        return [one for one in page["data"] if one["type"] == "text" and not one["fromMe"] and not one["deleted"]]

    chat = {"session": system.stage.session, "cid": system.stage.group}
    found = texts(await system.until("listChatMessages", chat, texts))[0]
    return {"session": system.stage.session, "mid": found["id"]}, found


@sees("sendMessage", 200)
async def test_a_message_can_be_read_when_the_answer_comes_and_is_read_on_the_other_side_later(system: LiveSystem) -> None:
    session, person = system.stage.session, system.stage.person
    result = await system.send(session, person, "Good morning 🎈")
    assert (result["mode"], result["status"], result["replayed"]) == ("sync", "sent", False)
    names = {"session": session, "mid": result["waMessageId"]}
    message = await read(system, names)
    assert (message["body"], message["fromMe"], message["direction"]) == ("Good morning 🎈", True, "out")
    assert message["timestamp"] == result["timestamp"]
    await system.until("getMessage", names, lambda found: found["status"] == "read", params={"chat": person})
    values = [orjson.loads(record.value) for record in await system.pipeline.read_all()]
    told = [value["payload"] for value in values if value["event"] == "message.status" and value["session"] == session]
    assert [one["status"] for one in told if names["mid"] in one["messageIds"]] == ["sent", "delivered", "read"]
    about = [value for value in values if value["payload"].get("waMessageId") == names["mid"]]
    assert [(value["event"], value["session"]) for value in about] == [("message.from_me", session)]
    assert len(system.calls(result["outboxId"])) == 1


@sees("sendMessage", 200)
async def test_a_message_answers_another_and_mentions_people(system: LiveSystem, sent: dict[str, str]) -> None:
    session, group = system.stage.session, system.stage.group
    first = await system.send(session, group, "Who is there?")
    options = {"replyTo": first["waMessageId"], "mentions": [system.stage.lid]}
    second = await system.send(session, group, "You?", **options)
    message = await read(system, {"session": session, "mid": second["waMessageId"]}, group)
    assert (message["quotedMessageId"], message["mentions"]) == (first["waMessageId"], [system.stage.lid])


@pytest.mark.parametrize(
    "change",
    [
        {"type": None},
        {"type": "song"},
        {"to": None},
        {"to": "alice"},
        {"to": 6281},
        {"text": None},
        {"text": ""},
        {"text": "x" * 65_537},
        {"text": 5},
        {"replyTo": "with a space"},
        {"mentions": ["120363012345678901@newsletter"]},
        {"mentions": "6281234567890@s.whatsapp.net"},
    ],
    ids=lambda change: str(change)[:40],
)
@sees("sendMessage", 400)
async def test_a_malformed_message_is_400_and_names_the_field(system: LiveSystem, change: dict[str, Any]) -> None:
    body = {"type": "text", "to": system.stage.person, "text": "Hello"} | change
    sent = {name: value for name, value in body.items() if value is not None}
    answer = await system.owner("sendMessage", names=system.stage.names, json=sent)
    assert error_of(answer) == (400, "validation_error")
    assert {name.split(".")[0] for name in answer.json()["error"]["details"]["fields"]} == change.keys()


@pytest.mark.parametrize("kind", MEDIA)
@sees("sendMessage", 501)
async def test_what_is_no_text_is_501(system: LiveSystem, kind: str) -> None:
    answer = await system.owner("sendMessage", names=system.stage.names, json={"type": kind, "to": system.stage.person})
    assert error_of(answer) == (501, "not_implemented")


@sees("sendMessage", 403, 404)
async def test_nothing_is_sent_to_a_group_that_one_is_not_in_or_a_channel_of_others(system: LiveSystem) -> None:
    for to, expected in (("120363000000000009@g.us", (404, "not_found")), (system.stage.channel, (403, "forbidden"))):
        body = {"type": "text", "to": to, "text": "Hello"}
        assert error_of(await system.owner("sendMessage", names=system.stage.names, json=body)) == expected


@sees("editMessage", 200)
async def test_an_edited_message_reads_as_edited_when_the_answer_comes(system: LiveSystem, sent: dict[str, str]) -> None:
    answer = await system.owner("editMessage", names=sent, json={"chat": system.stage.person, "text": "Hello again"})
    assert (answer.status_code, answer.json()["status"]) == (200, "sent")
    message = await read(system, sent)
    assert (message["body"], message["edited"]) == ("Hello again", True)


@sees("editMessage", 403)
@sees("revokeMessage", 403)
async def test_what_others_wrote_is_neither_edited_nor_revoked(system: LiveSystem) -> None:
    names, _ = await written_by_others(system)
    edit = await system.owner("editMessage", names=names, json={"chat": system.stage.group, "text": "Changed"})
    revoke = await system.owner("revokeMessage", names=names, json={"chat": system.stage.group})
    assert error_of(edit) == error_of(revoke) == (403, "forbidden")
    assert (await read(system, names, system.stage.group))["deleted"] is False


@sees("revokeMessage", 200)
async def test_a_revoked_message_reads_as_deleted_when_the_answer_comes(system: LiveSystem, sent: dict[str, str]) -> None:
    answer = await system.owner("revokeMessage", names=sent, json={"chat": system.stage.person})
    assert answer.status_code == 200
    assert (await read(system, sent))["deleted"] is True


@sees("addReaction", 200)
@sees("removeReaction", 200)
async def test_a_reaction_takes_the_place_of_the_one_before_and_goes_again(system: LiveSystem, sent: dict[str, str]) -> None:
    target = {"chat": system.stage.person, "sender": ""}
    for emoji in ("👍", "🎉"):
        assert (await system.owner("addReaction", names=sent, json={**target, "emoji": emoji})).status_code == 200
        reactions = (await read(system, sent))["reactions"]
        assert [one["emoji"] for one in reactions] == [emoji]
    for _ in range(2):
        assert (await system.owner("removeReaction", names=sent, json={**target, "emoji": "👍"})).status_code == 200
        assert not (await read(system, sent))["reactions"]


@sees("addReaction", 200)
async def test_what_others_wrote_can_be_reacted_to(system: LiveSystem) -> None:
    names, theirs = await written_by_others(system)
    body = {"chat": system.stage.group, "sender": theirs["senderJid"] or theirs["senderLid"], "emoji": "🎈"}
    assert (await system.owner("addReaction", names=names, json=body)).status_code == 200
    assert "🎈" in [one["emoji"] for one in (await read(system, names, system.stage.group))["reactions"]]


@pytest.mark.parametrize("operation", each(404, of="/messages/{mid}", but=("getMessage",)))
async def test_a_message_that_is_not_there_is_404(system: LiveSystem, operation: Documented) -> None:
    names = system.stage.names | {"mid": "3EB0NOTTHERE"}
    answer = await system.owner(operation.id, names=names, json=system.stage.body(operation))
    assert error_of(answer) == (404, "not_found")


@pytest.mark.parametrize("operation", each(400, of="/messages/{mid}", but=("getMessage",)))
async def test_a_change_of_a_message_without_a_proper_chat_is_400(system: LiveSystem, operation: Documented) -> None:
    valid: dict[str, Any] = system.stage.body(operation)
    for chat in ({}, {"chat": "nobody"}, {"chat": 5}):
        body = {name: value for name, value in valid.items() if name != "chat"} | chat
        answer = await system.owner(operation.id, names=system.stage.names, json=body)
        assert error_of(answer) == (400, "validation_error")
        assert "chat" in answer.json()["error"]["details"]["fields"]


@pytest.mark.parametrize("operation", each(429))
async def test_what_whatsapp_limits_is_429_and_says_when_to_come_again(system: LiveSystem, operation: Documented) -> None:
    await system.fault("limit", session=system.stage.session, operation=CALLS[operation.id], seconds=7, times=1)
    answer = await system.owner(operation.id, **system.stage.request(operation))
    assert error_of(answer) == (429, "rate_limited")
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["error"]["details"] == {"retryAfterSeconds": 7}


@sees("editMessage", 200)
@sees("addReaction", 200)
async def test_a_person_is_one_chat_by_whichever_address_they_are_written_to(system: LiveSystem) -> None:
    session = system.stage.session
    person = next(
        chat.people[0]
        for chat in system.casts[0].chats
        if chat.type is ChatType.DM and chat.people[0].lid and chat.people[0].phone
    )
    lid, phone = str(person.lid), str(person.phone)
    names = {"session": session, "mid": (await system.send(session, lid, "By LID"))["waMessageId"]}
    for chat in (lid, phone):
        message = await read(system, names, chat)
        assert (message["chatJid"], message["body"]) == (phone, "By LID")
    assert (await system.owner("editMessage", names=names, json={"chat": lid, "text": "Edited"})).status_code == 200
    assert (await system.owner("addReaction", names=names, json={"chat": lid, "emoji": "👍"})).status_code == 200
    message = await read(system, names, phone)
    assert (message["body"], [one["emoji"] for one in message["reactions"]]) == ("Edited", ["👍"])
    await system.until("getMessage", names, lambda found: found["status"] == "read", params={"chat": lid})
