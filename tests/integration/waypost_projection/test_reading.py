"""What the folds ask of storage: counts within a chat's marks, what a person wrote, members, and any number of ids."""

from typing import Any

import pytest
from tests.unit.waypost_projection.story import ALICE, BOB, GROUP, NOW, SESSION, Story

from waypost_common.documents import ChatDocument
from waypost_common.identifiers import EpochMs, Jid, Offset
from waypost_projection.storage import MAX_IDS_A_QUERY, ProjectionStorage

UNREAD: list[tuple[str, dict[str, Any]]] = [
    ("counts", {}),
    ("from me", {"fromMe": True}),
    ("history", {"history": True}),
    ("read by time", {"timestamp": NOW - 60_000}),
]


async def test_unread_messages_are_those_that_the_fold_counts(storage: ProjectionStorage) -> None:
    story = Story()
    for name, fields in UNREAD:
        story.message(name.replace(" ", "_"), **fields)
    story.status("placeholder", "read")
    await storage.write_messages(list(story.conversation.messages.values()), [])
    chat: ChatDocument = {**story.chat, "readUpTo": EpochMs(NOW - 60_000)}
    assert await storage.count_unread(chat, up_to=Offset(100)) == 1


@pytest.mark.parametrize(
    ("marks", "up_to", "expected"),
    [
        ({}, 4, 5),
        ({}, 2, 3),
        ({}, -1, 0),
        ({"readBefore": 2}, 4, 2),
        ({"readUpTo": NOW + 1}, 4, 3),
        ({"trimmedBefore": NOW + 1}, 4, 4),
        ({"readUpTo": NOW + 1, "trimmedBefore": NOW + 3}, 4, 2),
        ({"epoch": 9}, 4, 0),
        ({"session": "S2"}, 4, 0),
        ({"jid": BOB}, 4, 0),
    ],
)
async def test_unread_messages_are_counted_within_the_marks_and_up_to_a_position(
    storage: ProjectionStorage, marks: dict[str, Any], up_to: int, expected: int
) -> None:
    story = Story()
    for number in range(5):
        story.message(f"M{number}", timestamp=NOW + number)
    await storage.write_messages(list(story.conversation.messages.values()), [])
    chat: Any = {**story.chat, **marks}
    assert await storage.count_unread(chat, up_to=Offset(up_to)) == expected


async def test_what_a_person_wrote_is_found_by_either_address_up_to_a_time_and_below_a_position(
    storage: ProjectionStorage,
) -> None:
    story = Story(GROUP)
    story.message("M0", senderJid=ALICE)
    story.message("M1", senderLid=ALICE)
    story.message("M2", senderJid=BOB)
    story.message("M3", senderJid=ALICE, timestamp=NOW + 1)
    story.message("M4", senderJid=ALICE)
    await storage.write_messages(list(story.conversation.messages.values()), [])
    found = await storage.load_messages_written_by(story.chat, {"jid": ALICE, "before": NOW}, below=Offset(4))
    assert sorted(one["messageId"] for one in found.values()) == ["M0", "M1"]


async def test_members_are_loaded_of_one_group_alone(storage: ProjectionStorage) -> None:
    story = Story(GROUP)
    story.tell("group.participant", {"groupJid": GROUP, "join": [ALICE, BOB]})
    members = dict(story.conversation.members)
    await storage.write_groups([], list(members.values()))
    assert await storage.load_members(SESSION, GROUP) == members
    assert await storage.load_members(SESSION, Jid("1@g.us")) == {}


async def test_more_ids_than_fit_into_one_query_are_loaded(storage: ProjectionStorage) -> None:
    story = Story()
    story.message("M1")
    message = story.stored("M1")
    await storage.write_messages([message], [])
    ids = [f"{number:0>300}" for number in range(6 * MAX_IDS_A_QUERY)]
    assert await storage.load_messages([*ids, message["_id"]]) == {message["_id"]: message}
