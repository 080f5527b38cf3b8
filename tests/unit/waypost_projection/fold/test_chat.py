"""A chat's document: appearing, counting, flags, read marks, deletion and names."""

from typing import Any

import pytest
from tests.unit.waypost_projection.story import ALICE, BOB, CHANNEL, GROUP, NOW, Story, recount

from waypost_common.identifiers import FOREVER


def test_a_message_makes_its_chat_appear() -> None:
    story = Story()
    story.message("M1")
    assert (story.chat["visible"], story.chat["unreadCount"], story.chat["unread"]) == (True, 1, True)
    assert (story.chat["lastMessageAt"], story.chat["type"]) == (NOW, "dm")


def test_the_newest_message_decides_and_never_moves_back() -> None:
    story = Story()
    story.message("M1", timestamp=NOW + 5_000)
    story.message("M2", timestamp=NOW)
    assert story.chat["lastMessageAt"] == NOW + 5_000


@pytest.mark.parametrize("fields", [{"fromMe": True}, {"history": True}])
def test_ones_own_messages_and_history_are_not_unread(fields: dict[str, bool]) -> None:
    story = Story()
    story.message("M1", **fields)
    assert story.chat["unreadCount"] == 0


def test_a_message_from_me_is_ones_own_whatever_its_payload_says() -> None:
    story = Story()
    story.tell("message.from_me", {**_payload("M1"), "fromMe": False})
    assert story.stored("M1")["fromMe"] is True
    assert story.chat["unreadCount"] == 0


def _payload(own_id: str) -> dict[str, object]:
    return {"waMessageId": own_id, "chatJid": ALICE, "type": "text", "hasMedia": False, "timestamp": NOW}


def test_a_read_without_a_time_reads_all_that_came_before_it() -> None:
    story = Story()
    story.message("M1", timestamp=NOW + 5_000)
    story.update("read")
    assert (story.chat["unreadCount"], story.chat["readBefore"]) == (0, 1)
    story.message("M2", timestamp=NOW)
    assert story.chat["unreadCount"] == 1


def test_a_read_up_to_a_time_takes_the_count_that_the_writer_made() -> None:
    story = Story()
    story.message("M1")
    story.message("M2", timestamp=NOW + 5_000)
    marked = recount(story, "read", readUpTo=NOW)
    assert marked is not None
    assert marked["readUpTo"] == NOW
    story.update("read", readUpTo=NOW, unread=1)
    assert (story.chat["unreadCount"], story.chat["readUpTo"]) == (1, NOW)


def test_a_message_up_to_the_read_mark_that_comes_late_is_read() -> None:
    story = Story()
    story.message("M1")
    story.update("read", readUpTo=NOW + 5_000, unread=0)
    story.message("M2", timestamp=NOW + 5_000)
    story.message("M3", timestamp=NOW + 5_001)
    assert story.chat["unreadCount"] == 1


def test_a_read_mark_does_not_move_back() -> None:
    story = Story()
    story.message("M1")
    story.update("read", readUpTo=NOW, unread=0)
    before = story.chat
    assert recount(story, "read", readUpTo=NOW - 1) is None
    story.update("read", readUpTo=NOW - 1)
    assert story.chat is before


def test_a_partial_read_that_moves_nothing_still_clears_the_unread_mark() -> None:
    story = Story()
    story.message("M1")
    story.update("read", readUpTo=NOW, unread=0)
    story.update("unread")
    assert story.chat["unread"] is True
    story.update("read", readUpTo=NOW - 1)
    assert (story.chat["markedUnread"], story.chat["unread"]) == (False, False)


def test_nothing_is_counted_when_nothing_is_unread() -> None:
    story = Story()
    story.message("M1", fromMe=True)
    assert recount(story, "read", readUpTo=NOW) is None
    story.update("read", readUpTo=NOW)
    assert (story.chat["unreadCount"], story.chat["readUpTo"]) == (0, NOW)


@pytest.mark.parametrize("change", ["archived", "unread", "deleted"])
def test_a_change_that_moves_no_mark_needs_no_count(change: str) -> None:
    story = Story()
    story.message("M1")
    assert recount(story, change, archived=True) is None


def test_an_unread_mark_is_set_once() -> None:
    story = Story()
    story.message("M1", fromMe=True)
    story.update("unread")
    before = story.chat
    story.update("unread")
    assert story.chat is before
    assert (story.chat["unreadCount"], story.chat["unread"]) == (0, True)


def test_a_trim_takes_the_count_that_the_writer_made_and_keeps_the_time_of_the_last_message() -> None:
    story = Story()
    story.message("M1")
    story.message("M2", timestamp=NOW + 5_000)
    marked = recount(story, "trimmed", before=NOW + 9_000)
    assert marked is not None
    assert marked["trimmedBefore"] == NOW + 9_000
    story.update("trimmed", before=NOW + 9_000, unread=0)
    assert (story.chat["unreadCount"], story.chat["lastMessageAt"]) == (0, NOW + 5_000)


def test_a_trim_does_not_move_back_and_counts_nothing_when_nothing_is_unread() -> None:
    story = Story()
    story.message("M1", fromMe=True)
    story.update("trimmed", before=NOW)
    before = story.chat
    story.update("trimmed", before=NOW - 1)
    assert story.chat is before
    assert story.chat["trimmedBefore"] == NOW


def test_a_message_older_than_the_trim_that_comes_late_is_not_unread() -> None:
    story = Story()
    story.message("M1", fromMe=True)
    story.update("trimmed", before=NOW)
    story.message("M2", timestamp=NOW - 1)
    story.message("M3", timestamp=NOW)
    assert story.chat["unreadCount"] == 1


def test_a_flag_makes_the_chat_appear_and_the_newest_by_log_order_wins() -> None:
    story = Story()
    story.update("archived", archived=True)
    assert (story.chat["visible"], story.chat["archived"]) == (True, True)
    story.update("archived", archived=False)
    assert story.chat["archived"] is False


def test_several_flags_travel_in_one_event_and_those_that_are_absent_stay() -> None:
    story = Story()
    story.update("flags", archived=True, pinned=True, mutedUntil=FOREVER)
    story.update("flags", archived=False)
    assert (story.chat["archived"], story.chat["pinned"], story.chat["mutedUntil"]) == (False, True, FOREVER)
    story.update("flags", mutedUntil=None)
    assert story.chat["mutedUntil"] is None


def test_a_pinned_chat_sorts_before_a_newer_one() -> None:
    pinned, newer = Story(), Story(BOB)
    pinned.message("M1")
    pinned.update("pinned", pinned=True)
    newer.message("M1", timestamp=NOW + 5_000)
    assert pinned.chat["sortKey"] < newer.chat["sortKey"]


def test_a_picture_is_kept_until_it_is_removed() -> None:
    story = Story()
    story.message("M1")
    story.update("picture", pictureId="P1")
    assert story.chat["pictureId"] == "P1"
    story.update("picture", removed=True)
    assert story.chat["pictureId"] is None


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ("read", {}),
        ("read", {"readUpTo": NOW}),
        ("unread", {}),
        ("picture", {"pictureId": "P1"}),
        ("trimmed", {"before": NOW}),
        ("erased", {"before": NOW, "jid": ALICE}),
    ],
)
def test_other_changes_leave_no_mark_on_a_chat_that_is_not_visible(change: str, fields: dict[str, Any]) -> None:
    story = Story()
    story.update(change, **fields)
    assert story.conversation.chat is None
    story.message("M1")
    story.update("deleted")
    before = story.chat
    story.update(change, **fields)
    assert story.chat is before


def test_an_erasure_is_remembered_once_a_person_with_the_latest_time() -> None:
    story = Story(GROUP)
    story.message("M1")
    story.update("erased", jid=BOB, before=NOW)
    story.update("erased", jid=ALICE, before=NOW)
    story.update("erased", jid=BOB, before=NOW + 5_000)
    before = story.chat
    story.update("erased", jid=BOB, before=NOW + 1_000)
    assert story.chat is before
    assert story.chat["erasures"] == [{"jid": ALICE, "before": NOW}, {"jid": BOB, "before": NOW + 5_000}]


def test_a_deleted_chat_keeps_its_names_and_nothing_else() -> None:
    story = Story()
    story.tell("contact.update", {"jid": ALICE, "fullName": "Alice A"})
    story.message("M1", pushName="Alice")
    story.update("flags", archived=True, pinned=True, mutedUntil=FOREVER)
    story.update("unread")
    story.update("deleted", timestamp=NOW + 1)
    chat = story.chat
    assert (chat["visible"], chat["archived"], chat["pinned"], chat["mutedUntil"]) == (False, False, False, None)
    assert (chat["unreadCount"], chat["unread"], chat["lastMessageAt"]) == (0, False, None)
    assert (chat["epoch"], chat["deletedAt"]) == (story.offset, NOW + 1)
    assert chat["name"] == "Alice A"


def test_a_deleted_chat_comes_back_holding_only_what_came_after() -> None:
    story = Story()
    story.message("M1")
    story.update("deleted")
    story.message("M1", body="again")
    assert (story.chat["visible"], story.chat["unreadCount"]) == (True, 1)
    assert story.stored("M1")["body"] == "again"
    assert len(story.conversation.messages) == 2


def test_history_from_before_a_deletion_does_not_bring_a_chat_back() -> None:
    story = Story()
    story.message("M1")
    story.update("deleted", timestamp=NOW)
    before = story.chat
    story.message("M2", history=True, timestamp=NOW)
    assert story.chat is before
    story.message("M3", history=True, timestamp=NOW + 1)
    assert story.chat["visible"] is True


def test_what_is_said_of_a_deleted_message_brings_nothing_back() -> None:
    story = Story()
    story.message("M1")
    story.update("deleted")
    before = story.chat
    story.status("M1", "read")
    story.about("message.edited", "M1", body="edited")
    story.about("message.reaction", "M1", reaction="+", senderJid=ALICE)
    assert story.chat is before


def test_a_direct_chat_is_named_by_full_name_then_first_name_then_push_name() -> None:
    story = Story()
    story.message("M1", pushName="pushed")
    assert story.chat["name"] == "pushed"
    story.tell("contact.update", {"jid": ALICE, "firstName": "Alice"})
    assert story.chat["name"] == "Alice"
    story.tell("contact.update", {"jid": ALICE, "fullName": "Alice A"})
    assert story.chat["name"] == "Alice A"


def test_a_chat_without_any_name_has_none() -> None:
    story = Story()
    story.message("M1")
    assert story.chat["name"] is None


def test_the_newest_push_name_names_the_chat() -> None:
    story = Story()
    story.message("M1", pushName="newer", timestamp=NOW + 5_000)
    story.message("M2", pushName="older", timestamp=NOW)
    assert story.chat["name"] == "newer"


def test_ones_own_push_name_does_not_name_the_chat() -> None:
    story = Story()
    story.message("M1", pushName="me", fromMe=True)
    assert story.chat["name"] is None


@pytest.mark.parametrize("jid", [GROUP, CHANNEL])
def test_a_sender_does_not_name_a_chat_of_many(jid: str) -> None:
    story = Story(jid)  # type: ignore[arg-type]
    story.message("M1", pushName="Alice", senderJid=ALICE)
    assert story.chat["name"] is None
