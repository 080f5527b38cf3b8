"""The reference model, sentence by sentence: chats, their counts and flags."""

from typing import Any

import pytest
from tests.properties.reference.story import ALICE, ALICE_LID, GROUP, NEWSLETTER, NOW, Story

FOREVER = 253_402_300_799_000


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.mark.parametrize(
    ("jid", "kind"),
    [
        (ALICE, "dm"),
        (ALICE_LID, "dm"),
        (GROUP, "group"),
        (NEWSLETTER, "newsletter"),
        ("1719662400@broadcast", "broadcast"),
        ("status@broadcast", "status"),
    ],
)
def test_the_domain_of_its_jid_tells_a_chats_type(jid: str, kind: str) -> None:
    story = Story(jid)
    story.message()
    assert story.shown_chat()["type"] == kind


def test_a_new_chat_has_plain_flags(story: Story) -> None:
    story.message()
    chat = story.shown_chat()
    assert [chat[flag] for flag in ("archived", "pinned", "markedUnread")] == [False] * 3
    assert (chat["mutedUntil"], chat["pictureId"], chat["name"]) == (None, None, None)


def test_last_message_at_never_moves_back(story: Story) -> None:
    story.message("A", at=2000)
    story.message("B", at=1000)
    assert story.shown_chat()["lastMessageAt"] == NOW + 2000


def test_messages_from_me_and_history_are_not_unread(story: Story) -> None:
    story.message("A", fromMe=True)
    story.message("B", history=True)
    story.message("C")
    assert story.shown_chat()["unreadCount"] == 1


def test_a_message_from_another_own_device_does_not_mark_earlier_ones_read(story: Story) -> None:
    story.message("A")
    story.message("B", fromMe=True, at=1000)
    assert story.shown_chat()["unreadCount"] == 1


def test_read_up_to_a_time_reads_messages_at_or_before_it(story: Story) -> None:
    story.message("A", at=1000)
    story.message("B", at=1001)
    story.update("read", readUpTo=NOW + 1000)
    assert story.shown_chat()["unreadCount"] == 1


def test_read_up_to_a_time_also_reads_what_arrives_later_with_an_earlier_time(story: Story) -> None:
    story.message("A", at=1000)
    story.update("read", readUpTo=NOW + 1000)
    story.message("B", at=500)
    assert story.shown_chat()["unreadCount"] == 0


def test_read_up_to_a_time_does_not_move_back(story: Story) -> None:
    story.message("A", at=1000)
    story.update("read", readUpTo=NOW + 1000)
    story.update("read", readUpTo=NOW)
    assert story.shown_chat()["unreadCount"] == 0


def test_read_without_a_time_reads_everything_before_it_in_the_log(story: Story) -> None:
    story.message("A", at=9000)
    story.update("read")
    story.message("B", at=0)
    assert story.shown_chat()["unreadCount"] == 1


@pytest.mark.parametrize("change", ["read", "unread", "picture", "trimmed", "erased"])
def test_these_changes_make_no_chat_appear_and_leave_no_mark(story: Story, change: str) -> None:
    fields: dict[str, dict[str, Any]] = {
        "read": {"readUpTo": NOW + 9000},
        "picture": {"pictureId": "P"},
        "trimmed": {"before": NOW + 9000},
        "erased": {"jid": ALICE, "before": NOW + 9000},
    }
    story.update(change, **fields.get(change, {}))
    assert story.chat_view() is None
    story.message(senderJid=ALICE)
    chat = story.shown_chat()
    assert (chat["unreadCount"], chat["markedUnread"], chat["pictureId"]) == (1, False, None)
    assert chat["messages"][0]["body"] == "Hello"


def test_unread_marks_a_chat_until_the_next_read(story: Story) -> None:
    story.message()
    story.update("unread")
    assert story.shown_chat()["markedUnread"] is True
    story.update("read", readUpTo=NOW - 1)
    assert story.shown_chat()["markedUnread"] is False
    assert story.shown_chat()["unreadCount"] == 1


@pytest.mark.parametrize(
    ("change", "field", "values"),
    [
        ("archived", "archived", [True, False]),
        ("pinned", "pinned", [True, False]),
        ("muted", "mutedUntil", [FOREVER, None]),
    ],
)
def test_the_newest_flag_by_log_order_wins(story: Story, change: str, field: str, values: list[Any]) -> None:
    for seen, value in zip((9000, 1000), values, strict=True):
        changed: dict[str, Any] = {field: value}
        story.update(change, seen=seen, **changed)
        assert story.shown_chat()[field] == value


def test_a_flag_makes_a_new_chat_appear(story: Story) -> None:
    story.update("archived", archived=True)
    assert story.shown_chat()["archived"] is True
    assert story.shown_chat()["lastMessageAt"] is None


def test_a_flag_that_requires_a_stored_chat_makes_none_appear(story: Story) -> None:
    story.update("archived", archived=True, requires="stored")
    assert story.chat_view() is None


def test_several_flags_travel_in_one_event_and_absent_ones_stay(story: Story) -> None:
    story.update("pinned", pinned=True)
    story.update("flags", archived=True, mutedUntil=FOREVER)
    chat = story.shown_chat()
    assert (chat["pinned"], chat["archived"], chat["mutedUntil"]) == (True, True, FOREVER)


def test_a_picture_is_kept_until_it_is_removed(story: Story) -> None:
    story.message()
    story.update("picture", pictureId="P")
    assert story.shown_chat()["pictureId"] == "P"
    story.update("picture", removed=True)
    assert story.shown_chat()["pictureId"] is None


@pytest.mark.parametrize("deleted_before", [False, True])
def test_a_group_update_makes_the_chat_appear(deleted_before: bool) -> None:
    story = Story(GROUP)
    if deleted_before:
        story.update("deleted")
    story.group(subject="Team")
    assert story.shown_chat()["name"] == "Team"


def test_presence_and_calls_are_not_stored(story: Story) -> None:
    story.write("presence.update", {"from": ALICE, "state": "available"})
    story.write("call.incoming", {"callId": "C", "from": ALICE, "timestamp": NOW, "isGroup": False})
    assert not any(story.model.view().values())
