"""The reference model, sentence by sentence: what deletion, trims and erasures take away, and what stays away."""

from typing import Any

import pytest
from tests.properties.reference.records import DAY
from tests.properties.reference.story import ALICE, NOW, Story

BOB = "5511987654321@s.whatsapp.net"


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_deleted_chat_vanishes_at_once(story: Story) -> None:
    story.message()
    story.update("deleted")
    assert story.chat_view() is None


def test_a_later_message_brings_a_deleted_chat_back_with_only_what_came_after(story: Story) -> None:
    story.message("A", at=9000)
    story.update("pinned", pinned=True)
    story.update("unread")
    story.update("read", readUpTo=NOW + 9000)
    story.update("deleted")
    story.message("B", at=1000)
    chat = story.shown_chat()
    assert (story.shown_ids(), chat["unreadCount"], chat["pinned"], chat["lastMessageAt"]) == (["B"], 1, False, NOW + 1000)


def test_a_later_flag_brings_a_deleted_chat_back_empty(story: Story) -> None:
    story.message()
    story.update("deleted")
    story.update("pinned", pinned=True)
    assert (story.shown_ids(), story.shown_chat()["unreadCount"]) == ([], 0)


def test_late_news_of_a_deleted_message_brings_nothing_back(story: Story) -> None:
    story.message(fromMe=True)
    story.update("deleted")
    story.acknowledge("read")
    story.edit()
    story.react("👍")
    story.vote(["aa"])
    story.revoke()
    assert story.chat_view() is None


def test_placeholders_vanish_with_a_deletion_of_a_chat_never_seen(story: Story) -> None:
    story.acknowledge("read")
    story.edit()
    story.update("deleted")
    story.message()
    assert (story.shown_message()["status"], story.shown_message()["edited"]) == (None, False)


def test_an_id_of_a_deleted_message_may_come_back_as_a_new_message(story: Story) -> None:
    story.message(body="old")
    story.update("deleted")
    story.message(body="new")
    assert story.shown_message()["body"] == "new"


@pytest.mark.parametrize(("at", "comes_back"), [(4999, False), (5000, False), (5001, True)])
def test_history_from_before_the_deletion_is_dropped(story: Story, at: int, comes_back: bool) -> None:
    story.message()
    story.update("deleted", seen=5000)
    story.message("B", at=at, seen=6000, history=True, pushName="Alice")
    assert (story.chat_view() is not None) is comes_back
    assert (story.contact_view() is not None) is comes_back


def test_history_with_a_time_far_ahead_is_judged_by_when_it_was_seen(story: Story) -> None:
    story.update("deleted", seen=5000)
    story.message(at=5000 + 2 * DAY, seen=4000, history=True)
    assert story.chat_view() is None


def test_a_live_message_older_than_the_deletion_is_not_dropped(story: Story) -> None:
    story.update("deleted", seen=5000)
    story.message(at=1000, seen=6000)
    assert story.shown_ids() == ["A"]


def test_a_trim_hides_older_messages_and_leaves_last_message_at(story: Story) -> None:
    story.message("A", at=1000)
    story.message("B", at=2000)
    story.update("trimmed", before=NOW + 3000)
    chat = story.shown_chat()
    assert (chat["messages"], chat["unreadCount"], chat["lastMessageAt"]) == ([], 0, NOW + 2000)


def test_a_trim_hides_what_arrives_later_too(story: Story) -> None:
    story.message("A", at=2000)
    story.update("trimmed", before=NOW + 2000)
    story.message("B", at=1999)
    assert story.shown_ids() == ["A"]
    assert story.shown_chat()["unreadCount"] == 1


def test_a_trim_never_moves_back(story: Story) -> None:
    story.message(at=1000)
    story.update("trimmed", before=NOW + 2000)
    story.update("trimmed", before=NOW)
    assert story.shown_ids() == []


@pytest.mark.parametrize("sender", [{"senderJid": ALICE}, {"senderLid": ALICE}])
@pytest.mark.parametrize("erased_first", [False, True])
def test_an_erasure_empties_what_that_person_wrote_up_to_then(story: Story, sender: dict[str, Any], erased_first: bool) -> None:
    story.message("B", senderJid=BOB)
    content: dict[str, Any] = {
        "media": {"mimetype": "image/png"},
        "contact": {"displayName": "Bob"},
        "location": {"latitude": 1, "longitude": 2},
        "poll": {"name": "?", "options": [], "selectableCount": 1},
        "mentions": [BOB],
    }
    if erased_first:
        story.update("erased", jid=ALICE, before=NOW + 1000)
    story.message("A", at=1000, hasMedia=True, pushName="Alice", **content, **sender)
    story.vote(["aa"], senderJid=BOB)
    story.react("👍", senderJid=BOB)
    if not erased_first:
        story.update("erased", jid=ALICE, before=NOW + 1000)
    shown = story.shown_message("A")
    assert [shown[field] for field in ("body", "pushName", *content)] == [None] * 7
    assert (shown["votes"], shown["hasMedia"], len(shown["reactions"])) == ([], True, 1)
    assert story.shown_message("B")["body"] == "Hello"


def test_an_erasure_leaves_what_that_person_writes_afterwards(story: Story) -> None:
    story.message(at=1001, senderJid=ALICE)
    story.update("erased", jid=ALICE, before=NOW + 1000)
    assert story.shown_message()["body"] == "Hello"


def test_an_edit_from_before_the_erasure_stays_erased(story: Story) -> None:
    story.message(senderJid=ALICE)
    story.update("erased", jid=ALICE, before=NOW + 1000)
    story.edit(at=1000)
    assert (story.shown_message()["body"], story.shown_message()["edited"]) == (None, True)


def test_an_edit_from_after_the_erasure_gives_the_body_back(story: Story) -> None:
    story.message(senderJid=ALICE)
    story.update("erased", jid=ALICE, before=NOW + 1000)
    story.edit(at=1001, body="later")
    assert story.shown_message()["body"] == "later"


def test_an_erasure_leaves_the_contact(story: Story) -> None:
    story.message(senderJid=ALICE, pushName="Alice")
    story.update("erased", jid=ALICE, before=NOW)
    assert story.shown_contact()["pushName"] == "Alice"
