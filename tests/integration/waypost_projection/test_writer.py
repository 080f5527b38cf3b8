"""Batches of events become documents: once, whole, for their own organization, and with an outcome for each command."""

from collections.abc import Sequence
from typing import Any

import pytest
from tests.properties.stored_view import all_documents
from tests.unit.waypost_projection.story import (
    ALICE,
    ALICE_LID,
    BOB,
    CHANNEL,
    GROUP,
    NOW,
    command_mark,
    logged,
    message_payload,
)

from waypost_common.consumption import RetryLaterError
from waypost_common.dead_letters import DeadLetterReason
from waypost_common.mongo import MongoDatabase
from waypost_common.outcomes import OutcomeStatus
from waypost_projection.applied import Applied
from waypost_projection.logged import AnyLogged
from waypost_projection.storage import ProjectionStorage
from waypost_projection.writer import ProjectionWriter

WRITES = ("write_messages", "write_groups", "write_channels", "write_contacts", "write_sessions", "write_chats")


def told(*events: tuple[str, dict[str, Any]] | tuple[str, dict[str, Any], dict[str, Any]]) -> list[AnyLogged]:
    """Events at offsets 0, 1, 2, …; a third part changes the envelope or adds a command."""
    return [
        logged(name, payload, offset=offset, **(rest[0] if rest else {})) for offset, (name, payload, *rest) in enumerate(events)
    ]


def update(change: str, chat: str = ALICE, /, **fields: Any) -> tuple[str, dict[str, Any]]:
    return "chat.update", {"chatJid": chat, "change": change} | fields


def message(own_id: str, jid: Any = ALICE, **fields: Any) -> tuple[str, dict[str, Any]]:
    return "message", message_payload(own_id, jid, **fields)


HISTORY = told(
    ("session.status", {"status": "working", "fence": 1}),
    ("message.status", {"chatJid": ALICE, "messageIds": ["M2"], "status": "read", "timestamp": NOW}),
    message("M1", pushName="Alice"),
    message("M2", timestamp=NOW + 1_000, fromMe=True),
    message("M3", timestamp=NOW + 2_000),
    ("contact.update", {"jid": ALICE, "fullName": "Alice A"}),
    ("message.edited", message_payload("E1", targetId="M1", body="edited")),
    update("read", readUpTo=NOW + 500),
    ("group.participant", {"groupJid": GROUP, "join": [ALICE, BOB]}),
    ("group.update", {"groupJid": GROUP, "subject": "S"}),
    message("G1", GROUP, senderJid=ALICE, senderLid=ALICE_LID, pushName="Alice"),
    message("G2", GROUP, senderJid=BOB),
    ("group.participant", {"groupJid": GROUP, "leave": [BOB]}),
    update("erased", GROUP, jid=BOB, before=NOW),
    ("newsletter.update", {"jid": CHANNEL, "action": "join", "name": "News"}),
    message("N1", CHANNEL),
    update("deleted", CHANNEL),
    message("N1", CHANNEL, timestamp=NOW + 9_000),
    ("message.revoked", message_payload("R1", targetId="M3")),
    ("session.status", {"label": "Shop", "fence": 1}),
)


async def apply(storage: ProjectionStorage, events: Sequence[AnyLogged]) -> Applied:
    """By a writer that has just started."""
    return await ProjectionWriter(storage).apply(events)


async def written_at_once(database: MongoDatabase) -> dict[str, Any]:
    await apply(ProjectionStorage(database, generation=1), HISTORY)
    documents = await all_documents(database)
    for name in documents:
        await database[name].delete_many({})
    return documents


class FailingStorage(ProjectionStorage):
    """MongoDB is away for the write named by `fail`."""

    fail = ""

    def __getattribute__(self, name: str) -> Any:
        return _away if name and name == object.__getattribute__(self, "fail") else super().__getattribute__(name)


async def _away(*_: Any) -> None:
    raise RetryLaterError("MongoDB is away")


async def test_a_history_has_documents_of_every_kind(database: MongoDatabase) -> None:
    documents = await written_at_once(database)
    assert {name: len(found) for name, found in documents.items()} == {
        "sessions": 1, "chats": 3, "messages": 7, "contacts": 2, "groups": 1, "group_members": 2, "channels": 1,
    }  # fmt: skip
    chat = documents["chats"][f"S1|{ALICE}"]
    assert (chat["unreadCount"], chat["name"], chat["lastMessageAt"]) == (1, "Alice A", NOW + 2_000)


@pytest.mark.parametrize("size", [1, 3, 7])
async def test_batches_of_any_size_give_the_same_documents(
    database: MongoDatabase, storage: ProjectionStorage, size: int
) -> None:
    expected = await written_at_once(database)
    for start in range(0, len(HISTORY), size):
        await apply(storage, HISTORY[start : start + size])
    assert await all_documents(database) == expected


@pytest.mark.parametrize("failing", WRITES)
@pytest.mark.parametrize("after", [0, 8, 12])
async def test_a_batch_cut_by_an_outage_at_any_write_gives_the_same_documents_when_it_comes_again(
    database: MongoDatabase, failing: str, after: int
) -> None:
    expected = await written_at_once(database)
    storage = FailingStorage(database, generation=1)
    await apply(storage, HISTORY[:after])
    storage.fail = failing
    with pytest.raises(RetryLaterError):
        await apply(storage, HISTORY[after:])
    storage.fail = ""
    await apply(storage, HISTORY)
    assert await all_documents(database) == expected


async def test_a_batch_that_comes_again_changes_nothing(database: MongoDatabase, storage: ProjectionStorage) -> None:
    await apply(storage, HISTORY)
    before = await all_documents(database)
    await apply(storage, HISTORY[5:12])
    assert await all_documents(database) == before


@pytest.mark.parametrize("stored", range(5))
async def test_a_partial_read_counts_what_is_stored_and_what_is_in_the_batch(storage: ProjectionStorage, stored: int) -> None:
    events = told(
        *[message(f"M{number}", timestamp=NOW + number) for number in range(4)],
        update("read", readUpTo=NOW + 1),
    )
    await apply(storage, events[:stored])
    await apply(storage, events[stored:])
    (chat,) = (await storage.load_chats([f"S1|{ALICE}"])).values()
    assert chat["unreadCount"] == 2


async def test_a_trim_counts_after_a_deletion_in_the_same_batch(storage: ProjectionStorage) -> None:
    before, after = message("M1"), message("M2", timestamp=NOW + 5)
    await apply(
        storage, told(before, update("deleted"), message("M1", timestamp=NOW + 1), after, update("trimmed", before=NOW + 2))
    )
    (chat,) = (await storage.load_chats([f"S1|{ALICE}"])).values()
    assert chat["unreadCount"] == 1


async def test_an_erasure_reaches_messages_of_earlier_batches(database: MongoDatabase, storage: ProjectionStorage) -> None:
    events = told(
        message("M1", GROUP, senderJid=BOB), message("M2", GROUP, senderJid=BOB), update("erased", GROUP, jid=BOB, before=NOW)
    )
    await apply(storage, events[:1])
    await apply(storage, events[1:])
    assert [one.get("body") async for one in database["messages"].find({})] == [None, None]


async def test_each_command_has_its_outcome_and_has_it_again(storage: ProjectionStorage) -> None:
    events = told(
        (*update("read", requires="stored"), {"command": command_mark(1)}),
        message("M1"),
        (*update("read", requires="stored"), {"command": command_mark(2)}),
        ("session.status", {"desired": "running"}, {"command": command_mark(3)}),
        (*update("archived", archived=True), {"command": command_mark(4, last=False)}),
    )
    expected = [(1, OutcomeStatus.REJECTED), (2, OutcomeStatus.SUCCEEDED), (3, OutcomeStatus.SUCCEEDED)]
    for _ in range(2):
        applied = await apply(storage, events)
        assert [(one.command.id, one.status) for one in applied.outcomes] == [
            (command_mark(number).id, status) for number, status in expected
        ]


async def test_events_of_an_organization_that_does_not_own_the_session_are_refused(
    database: MongoDatabase, storage: ProjectionStorage
) -> None:
    await apply(storage, told(("session.status", {"status": "working"})))
    foreign = {"organization": "org_2"}
    events = told(message("M0"), (*message("M1"), foreign), ("session.status", {"status": "failed"}, foreign))
    applied = await apply(storage, events)
    assert applied.refused == [(one, DeadLetterReason.ORGANIZATION_MISMATCH) for one in events[1:]]
    assert [one["messageId"] async for one in database["messages"].find({})] == ["M0"]


async def test_a_chat_or_session_made_in_the_same_batch_belongs_to_who_made_it(
    database: MongoDatabase, storage: ProjectionStorage
) -> None:
    foreign = {"organization": "org_2"}
    events = told(
        message("M0"),
        ("session.status", {"status": "working"}),
        (*message("M1"), foreign),
        ("session.status", {"status": "failed"}, foreign),
    )
    applied = await apply(storage, events)
    assert applied.refused == [(one, DeadLetterReason.ORGANIZATION_MISMATCH) for one in events[2:]]
    assert [one["status"] async for one in database["sessions"].find({})] == ["working"]
    assert [one["messageId"] async for one in database["messages"].find({})] == ["M0"]


async def test_what_is_not_stored_leaves_nothing(database: MongoDatabase, storage: ProjectionStorage) -> None:
    applied = await apply(storage, told(("presence.update", {"from": ALICE, "state": "available"}), update("read")))
    assert applied == Applied()
    assert not any((await all_documents(database)).values())
