"""The reference model, sentence by sentence: messages, their status, edits, revocations, reactions and votes."""

import pytest
from tests.properties.reference.records import DAY
from tests.properties.reference.story import ALICE, ALICE_LID, GROUP, NOW, Story

POLL = {"name": "Lunch?", "options": ["Soup", "Salad"], "selectableCount": 1}


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_message_is_inserted_once_and_a_resend_changes_nothing(story: Story) -> None:
    story.message(body="first")
    before = story.model.view()
    story.message(body="second", at=5000, seen=5000, pushName="Mallory")
    assert story.model.view() == before


def test_a_message_fills_the_placeholder_of_an_early_acknowledgement(story: Story) -> None:
    story.acknowledge("delivered")
    story.message(fromMe=True)
    assert story.shown_message()["status"] == "delivered"


def test_a_message_from_me_starts_as_sent(story: Story) -> None:
    story.message(fromMe=True)
    assert story.shown_message()["status"] == "sent"


def test_a_message_event_with_from_me_true_is_one_from_me(story: Story) -> None:
    story._about("message", {"waMessageId": "A", "fromMe": True}, None, 0)
    assert story.shown_message()["status"] == "sent"
    assert story.shown_chat()["unreadCount"] == 0


def test_an_incoming_message_has_no_status(story: Story) -> None:
    story.message()
    assert story.shown_message()["status"] is None


def test_messages_are_listed_newest_first_by_effective_time_then_log_position(story: Story) -> None:
    story.message("A", at=1000)
    story.message("B", at=2000)
    story.message("C", at=1000)
    assert story.shown_ids() == ["B", "C", "A"]


def test_a_time_more_than_a_day_ahead_counts_as_the_time_it_was_seen(story: Story) -> None:
    story.message("A", at=DAY + 1)
    story.message("B", at=1000)
    assert story.shown_ids() == ["B", "A"]
    assert story.shown_chat()["lastMessageAt"] == NOW + 1000


def test_a_time_of_exactly_a_day_ahead_counts_as_said(story: Story) -> None:
    story.message("A", at=DAY)
    story.message("B", at=1000)
    assert story.shown_ids() == ["A", "B"]


def test_a_message_shows_whatsapps_time_and_was_created_at_the_envelopes(story: Story) -> None:
    story.message(at=2 * DAY, seen=7)
    assert story.shown_message()["timestamp"] == NOW + 2 * DAY
    assert story.shown_message()["createdAt"] == NOW + 7


def test_a_message_shows_what_its_payload_said(story: Story) -> None:
    story.message(
        senderJid=ALICE,
        senderLid=ALICE_LID,
        pushName="Alice",
        type="image",
        hasMedia=True,
        media={"mimetype": "image/png", "ours": 1},
        mentions=[ALICE_LID],
        quotedMessageId="Q",
        location={"latitude": 1.0, "longitude": 2.0},
        contact={"displayName": "Bob"},
        views=3,
        history=True,
    )
    shown = story.shown_message()
    assert (shown["senderJid"], shown["senderLid"], shown["pushName"]) == (ALICE, ALICE_LID, "Alice")
    assert (shown["type"], shown["body"], shown["hasMedia"], shown["history"]) == ("image", "Hello", True, True)
    assert shown["media"] == {"mimetype": "image/png", "size": None, "filename": None}
    assert (shown["mentions"], shown["quotedMessageId"], shown["views"]) == ([ALICE_LID], "Q", 3)
    assert shown["location"] == {"latitude": 1.0, "longitude": 2.0, "name": None, "address": None}
    assert shown["contact"] == {"displayName": "Bob", "vcard": None}


@pytest.mark.parametrize(
    ("lower", "higher"),
    [("pending", "sent"), ("sent", "failed"), ("failed", "delivered"), ("delivered", "read"), ("read", "played")],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_status_only_climbs(story: Story, lower: str, higher: str, turned: bool) -> None:
    story.message()
    for status in (higher, lower) if turned else (lower, higher):
        story.acknowledge(status)
    assert story.shown_message()["status"] == higher


def test_the_highest_status_is_shown_in_groups_too() -> None:
    story = Story(GROUP)
    story.message(fromMe=True)
    story.acknowledge("read", senderJid=ALICE)
    story.acknowledge("delivered", senderJid=ALICE_LID)
    assert story.shown_message()["status"] == "read"


def test_the_error_of_the_first_failure_shows_while_the_status_is_failed(story: Story) -> None:
    story.message(fromMe=True)
    story.acknowledge("failed", error="first")
    story.acknowledge("failed", error="second")
    assert story.shown_message()["error"] == "first"


def test_a_delivery_proves_an_earlier_failure_wrong(story: Story) -> None:
    story.message(fromMe=True)
    story.acknowledge("failed", error="first")
    story.acknowledge("delivered")
    assert (story.shown_message()["status"], story.shown_message()["error"]) == ("delivered", None)


def test_one_acknowledgement_may_name_several_messages(story: Story) -> None:
    story.message("A", fromMe=True)
    story.message("B", fromMe=True)
    story.acknowledge("read", "A", "B")
    assert [message["status"] for message in story.shown_chat()["messages"]] == ["read", "read"]


def test_an_acknowledgement_of_an_unknown_message_makes_no_chat_appear(story: Story) -> None:
    story.acknowledge("read")
    assert story.chat_view() is None


def test_a_placeholder_is_invisible_until_its_message_arrives(story: Story) -> None:
    story.message("B")
    story.acknowledge("read", "A")
    assert story.shown_ids() == ["B"]


def test_an_edit_gives_a_new_body_and_marks_the_message_edited(story: Story) -> None:
    story.message(mentions=[ALICE_LID])
    story.edit(body="new", mentions=[])
    shown = story.shown_message()
    assert (shown["body"], shown["edited"], shown["mentions"]) == ("new", True, [ALICE_LID])


def test_the_newest_edit_by_time_wins(story: Story) -> None:
    story.message()
    story.edit(body="late", at=2000)
    story.edit(body="early", at=1000)
    assert story.shown_message()["body"] == "late"


def test_of_two_edits_of_one_time_the_later_in_the_log_wins(story: Story) -> None:
    story.message()
    story.edit(body="first", at=1000)
    story.edit(body="second", at=1000)
    assert story.shown_message()["body"] == "second"


def test_an_edit_a_year_ahead_counts_as_of_when_it_was_seen(story: Story) -> None:
    story.message()
    story.edit(body="ahead", at=365 * DAY)
    story.edit(body="true", at=1000)
    assert story.shown_message()["body"] == "true"


def test_an_edit_that_arrives_first_is_kept_for_its_message(story: Story) -> None:
    story.edit(body="new")
    assert story.chat_view() is None
    story.message()
    assert (story.shown_message()["body"], story.shown_message()["edited"]) == ("new", True)


@pytest.mark.parametrize("first", ["message", "revocation"])
def test_a_revocation_removes_the_content_and_leaves_the_message_listed(story: Story, first: str) -> None:
    if first == "revocation":
        story.revoke()
    story.message(
        type="poll",
        hasMedia=True,
        media={"mimetype": "image/png"},
        mentions=[ALICE],
        poll=POLL,
        contact={"displayName": "Bob"},
        location={"latitude": 1, "longitude": 2},
        pushName="Alice",
    )
    story.vote(["aa"])
    if first == "message":
        story.revoke()
    shown = story.shown_message()
    assert shown["deleted"] is True
    assert [shown[field] for field in ("body", "media", "mentions", "poll", "contact", "location")] == [None] * 6
    assert (shown["votes"], shown["hasMedia"], shown["pushName"]) == ([], True, "Alice")


@pytest.mark.parametrize("edit_first", [False, True])
def test_a_revocation_wins_over_any_edit_and_the_message_still_reads_as_edited(story: Story, edit_first: bool) -> None:
    story.message()
    if edit_first:
        story.edit(at=9000)
    story.revoke(at=1000)
    if not edit_first:
        story.edit(at=9000)
    assert (story.shown_message()["body"], story.shown_message()["edited"]) == (None, True)


def test_reactions_stay_with_a_revoked_message(story: Story) -> None:
    story.message()
    story.react("👍", senderJid=ALICE)
    story.revoke()
    assert len(story.shown_message()["reactions"]) == 1


def test_the_newest_reaction_of_each_sender_is_kept_with_its_message(story: Story) -> None:
    story.message()
    story.react("👍", at=2000, senderJid=ALICE)
    story.react("❤️", at=1000, senderJid=ALICE)
    story.react("😂", at=1000, senderLid=ALICE_LID)
    assert story.shown_message()["reactions"] == [
        {"senderJid": ALICE_LID, "emoji": "😂", "timestamp": NOW + 1000},
        {"senderJid": ALICE, "emoji": "👍", "timestamp": NOW + 2000},
    ]


def test_a_reaction_is_not_a_message_of_its_own(story: Story) -> None:
    story.message()
    story.react("👍")
    assert story.shown_ids() == ["A"]
    assert story.shown_chat()["unreadCount"] == 1


def test_a_reaction_makes_no_chat_appear_and_waits_for_its_message(story: Story) -> None:
    story.react("👍")
    assert story.chat_view() is None
    story.message()
    assert story.shown_message()["reactions"] == [{"senderJid": "", "emoji": "👍", "timestamp": NOW}]


def test_a_late_older_reaction_does_not_revive_a_removed_one(story: Story) -> None:
    story.message()
    story.react("", at=2000, senderJid=ALICE)
    story.react("👍", at=1000, senderJid=ALICE)
    assert story.shown_message()["reactions"] == []


def test_the_newest_vote_of_each_voter_wins(story: Story) -> None:
    story.message(type="poll", poll=POLL)
    story.vote(["aa"], at=2000, senderJid=ALICE)
    story.vote(["bb"], at=1000, senderJid=ALICE)
    assert story.shown_message()["votes"] == [{"voter": ALICE, "selectedHashes": ["aa"], "timestamp": NOW + 2000}]
    assert story.shown_message()["poll"] == POLL


def test_an_emptied_vote_stays_listed_without_hashes(story: Story) -> None:
    story.message(type="poll", poll=POLL)
    story.vote([], senderJid=ALICE)
    assert story.shown_message()["votes"] == [{"voter": ALICE, "selectedHashes": [], "timestamp": NOW}]


def test_votes_show_only_on_a_poll(story: Story) -> None:
    story.message()
    story.vote(["aa"], senderJid=ALICE)
    assert story.shown_message()["votes"] == []
