"""Events of one key come again, in parts, and with commands: each counts once and each command has its outcome."""

from typing import Any

import pytest
from tests.unit.waypost_projection.story import ALICE, GROUP, NOW, Story, command_mark, message_payload

from waypost_common.outcomes import OutcomeStatus


def test_an_event_that_comes_again_changes_nothing() -> None:
    story = Story()
    story.message("M1")
    story.message("M2")
    before = (story.chat, dict(story.conversation.messages))
    story.tell("message", message_payload("M1"), at=0)
    assert (story.chat, story.conversation.messages) == before


def test_a_message_that_was_stored_before_its_chat_is_counted_when_it_comes_again() -> None:
    first = Story()
    first.message("M1")
    again = Story()
    again.conversation.messages = dict(first.conversation.messages)
    again.message("M1")
    assert again.conversation.messages == first.conversation.messages
    assert again.chat == first.chat


def test_a_message_that_has_seen_later_events_is_not_moved_back_when_they_come_again() -> None:
    first = Story()
    first.status("M1", "pending")
    first.message("M1", fromMe=True)
    first.about("message.edited", "M1", body="edited")
    again = Story()
    again.conversation.messages = dict(first.conversation.messages)
    again.status("M1", "read")
    assert again.conversation.messages == first.conversation.messages


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("presence.update", {"from": ALICE, "state": "available"}),
        ("call.incoming", {"callId": "c", "from": ALICE, "timestamp": NOW, "isGroup": False}),
    ],
)
def test_presence_and_calls_are_not_stored(name: str, payload: dict[str, Any]) -> None:
    story = Story()
    story.tell(name, payload)
    assert story.conversation.chat is None
    assert story.conversation.messages == {}


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("presence.update", {"from": ALICE, "state": "available"}),
        ("message.status", {"chatJid": ALICE, "messageIds": ["M1"], "status": "read", "timestamp": NOW}),
    ],
)
def test_a_command_whose_event_changes_no_chat_has_its_outcome_and_is_remembered(name: str, payload: dict[str, Any]) -> None:
    story = Story()
    assert story.tell(name, payload, command=command_mark()) is OutcomeStatus.SUCCEEDED
    assert story.chat["visible"] is False
    assert [one["id"] for one in story.chat["commands"]] == [command_mark().id]


def test_a_second_event_of_a_command_changes_nothing_and_has_the_same_outcome() -> None:
    story = Story()
    story.message("M1")
    assert story.update("archived", archived=True, command=command_mark()) is OutcomeStatus.SUCCEEDED
    before = story.chat
    assert story.update("archived", archived=False, command=command_mark()) is OutcomeStatus.SUCCEEDED
    assert story.chat is before


def test_a_change_that_needs_a_stored_chat_is_rejected_without_one_and_stays_so() -> None:
    story = Story()
    assert story.update("read", requires="stored", command=command_mark()) is OutcomeStatus.REJECTED
    story.message("M1")
    assert story.update("read", requires="stored", command=command_mark()) is OutcomeStatus.REJECTED
    assert story.chat["unreadCount"] == 1
    assert story.update("read", requires="stored", command=command_mark(1)) is OutcomeStatus.SUCCEEDED


@pytest.mark.parametrize("change", ["archived", "deleted"])
def test_a_rejected_change_without_a_command_leaves_no_trace(change: str) -> None:
    story = Story()
    assert story.update(change, requires="stored", archived=True) is None
    assert story.conversation.chat is None


def test_a_deleted_chat_remembers_its_commands() -> None:
    story = Story()
    story.message("M1")
    story.update("deleted", requires="stored", command=command_mark())
    before = story.chat
    assert story.update("deleted", requires="stored", command=command_mark()) is OutcomeStatus.SUCCEEDED
    assert story.chat is before
    assert story.update("deleted", requires="stored", command=command_mark(1)) is OutcomeStatus.REJECTED


def test_only_the_last_event_of_a_command_has_an_outcome() -> None:
    story = Story()
    assert story.update("archived", archived=True, command=command_mark(last=False)) is None
    assert story.update("pinned", pinned=True, command=command_mark()) is OutcomeStatus.SUCCEEDED
    assert (story.chat["archived"], story.chat["pinned"]) == (True, True)


def test_an_event_of_a_forgotten_command_that_comes_again_has_its_outcome_again() -> None:
    story = Story()
    story.update("archived", archived=True)
    story.update("archived", archived=False)
    again = story.tell("chat.update", {"chatJid": ALICE, "change": "archived", "archived": True}, at=0, command=command_mark())
    assert again is OutcomeStatus.SUCCEEDED
    assert story.chat["archived"] is False


def test_a_repeated_id_in_an_acknowledgement_counts_once() -> None:
    story = Story(GROUP)
    story.message("M1", fromMe=True)
    story.tell("message.status", {"chatJid": GROUP, "messageIds": ["M1", "M1"], "status": "read", "timestamp": NOW})
    assert story.stored("M1")["status"] == "read"


def test_members_and_their_group_stored_before_the_chat_are_not_changed_again() -> None:
    first = Story(GROUP)
    first.tell("group.participant", {"groupJid": GROUP, "join": [ALICE]})
    first.tell("group.update", {"groupJid": GROUP, "subject": "S"})
    again = Story(GROUP)
    again.conversation.group, again.conversation.members = first.conversation.group, dict(first.conversation.members)
    again.tell("group.participant", {"groupJid": GROUP, "join": [ALICE]})
    again.tell("group.update", {"groupJid": GROUP, "subject": "S"})
    assert (again.conversation.group, again.conversation.members) == (first.conversation.group, first.conversation.members)
    assert again.chat == first.chat


def test_no_event_of_a_command_that_is_done_changes_anything_when_its_executor_repeats_it() -> None:
    story = Story()
    story.message("M1")
    for archived, last in ((True, False), (False, True)):
        story.tell("chat.update", {"chatJid": ALICE, "change": "archived", "archived": archived}, command=command_mark(last=last))
    repeated = {"chatJid": ALICE, "change": "archived", "archived": True}
    assert story.tell("chat.update", repeated, command=command_mark(last=False)) is None
    assert story.chat["archived"] is False
