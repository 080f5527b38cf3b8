"""A message's document: created once, then changed by what is said of it, in whatever order it comes."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.waypost_projection.story import ALICE, ALICE_LID, BOB, GROUP, NOW, Story

from waypost_common.event_payloads import DeliveryStatus

DAY = 86_400_000
SHOWN = ("body", "status", "error", "edited", "deleted", "reactions", "votes", "poll")


def test_a_message_is_stored_with_all_that_it_carries() -> None:
    story = Story(GROUP)
    content: dict[str, Any] = {
        "mentions": [BOB],
        "media": {"mimetype": "image/png", "size": 5, "filename": "a.png"},
        "location": {"latitude": 1.5, "longitude": 2.0, "name": None, "address": None},
        "contact": {"displayName": "Bob", "vcard": None},
        "poll": {"name": "Which?", "options": ["a"], "selectableCount": 1},
    }
    origin = {"senderJid": ALICE, "senderLid": ALICE_LID, "pushName": "Alice", "quotedMessageId": "M0", "views": 3}
    story.message("M1", **content, **origin, history=True, hasMedia=True)
    stored: Any = story.stored("M1")
    assert {name: stored[name] for name in (*content, *origin)} == content | origin
    assert stored["history"] is stored["hasMedia"] is True
    assert stored["offset"] == stored["appliedOffset"] == 0


def test_what_a_message_does_not_carry_is_left_out() -> None:
    story = Story()
    story.message("M1", body=None)
    left_out = {"body", "senderJid", "senderLid", "pushName", "quotedMessageId", "mentions", "media", "status", "history"}
    assert not left_out & story.stored("M1").keys()


def test_a_message_sent_again_with_the_same_id_changes_nothing() -> None:
    story = Story()
    story.message("M1", body="first")
    before = (story.stored("M1"), story.chat)
    story.message("M1", body="second")
    assert (story.stored("M1"), story.chat) == before


def test_a_message_from_far_in_the_future_counts_from_when_it_was_seen() -> None:
    story = Story()
    story.message("M1", timestamp=NOW + DAY + 1)
    assert (story.stored("M1")["timestamp"], story.stored("M1")["effectiveAt"]) == (NOW + DAY + 1, NOW)


def test_a_message_of_ones_own_starts_as_sent_and_an_incoming_one_without_a_status() -> None:
    story = Story()
    story.message("M1", fromMe=True)
    story.message("M2")
    assert story.stored("M1")["status"] == "sent"
    assert "status" not in story.stored("M2")


@given(statuses=st.lists(st.sampled_from(DeliveryStatus), min_size=1, max_size=6))
def test_a_status_only_climbs(statuses: list[DeliveryStatus]) -> None:
    story = Story()
    story.message("M1")
    for status in statuses:
        story.status("M1", status.value)
    order = list(DeliveryStatus)
    assert story.stored("M1")["status"] == max(statuses, key=order.index)


def test_the_reason_of_a_failure_is_shown_until_a_delivery_proves_it_wrong() -> None:
    story = Story()
    story.message("M1", fromMe=True)
    story.status("M1", "failed", error="no route")
    assert story.stored("M1")["error"] == "no route"
    story.status("M1", "sent", error="late")
    assert story.stored("M1")["error"] == "no route"
    story.status("M1", "delivered", error="not an error")
    assert "error" not in story.stored("M1")


def test_a_failure_without_a_reason_is_stored_without_one() -> None:
    story = Story()
    story.message("M1", fromMe=True)
    story.status("M1", "failed")
    assert story.stored("M1")["status"] == "failed"
    assert "error" not in story.stored("M1")


def test_an_early_acknowledgement_leaves_a_placeholder_that_the_message_fills() -> None:
    story = Story()
    story.status("M1", "delivered")
    assert story.conversation.chat is None
    assert "effectiveAt" not in story.stored("M1")
    story.message("M1", fromMe=True)
    assert (story.stored("M1")["status"], story.stored("M1")["body"]) == ("delivered", "body of M1")


def test_an_early_pending_acknowledgement_does_not_keep_a_message_from_being_sent() -> None:
    story = Story()
    story.status("M1", "pending")
    story.message("M1", fromMe=True)
    assert story.stored("M1")["status"] == "sent"


def test_the_newest_edit_wins_whichever_comes_first() -> None:
    story = Story()
    story.message("M1")
    story.about("message.edited", "M1", body="newer", timestamp=NOW + 2_000)
    story.about("message.edited", "M1", body="older", timestamp=NOW + 1_000)
    assert (story.stored("M1")["body"], story.stored("M1")["edited"]) == ("newer", True)


def test_of_two_edits_of_one_second_the_later_in_the_log_wins() -> None:
    story = Story()
    story.message("M1")
    story.about("message.edited", "M1", body="one")
    story.about("message.edited", "M1", body="two")
    assert story.stored("M1")["body"] == "two"


def test_an_edit_to_nothing_removes_the_body() -> None:
    story = Story()
    story.message("M1")
    story.about("message.edited", "M1", body=None)
    assert "body" not in story.stored("M1")
    assert story.stored("M1")["edited"] is True


def test_a_revoked_message_stays_listed_without_its_content() -> None:
    story = Story(GROUP)
    story.message("M1", mentions=[BOB], media={}, poll={"name": "n", "options": []}, pushName="Alice")
    story.about("message.revoked", "M1")
    stored = story.stored("M1")
    assert stored["deleted"] is True
    assert not {"body", "mentions", "media", "poll"} & stored.keys()
    assert stored["pushName"] == "Alice"


def test_a_second_revocation_changes_nothing() -> None:
    story = Story()
    story.message("M1")
    story.about("message.revoked", "M1")
    before = story.stored("M1")
    story.about("message.revoked", "M1")
    assert story.stored("M1") is before


ABOUT = {
    "message": lambda story: story.message("M1", fromMe=True, poll={"name": "n", "options": ["a"]}),
    "edit": lambda story: story.about("message.edited", "M1", body="edited", timestamp=NOW + 1_000),
    "revoke": lambda story: story.about("message.revoked", "M1"),
    "status": lambda story: story.status("M1", "read"),
    "react": lambda story: story.about("message.reaction", "M1", reaction="+", senderJid=BOB),
    "vote": lambda story: story.about("poll.vote", "M1", selectedHashes=["a"], senderJid=BOB),
}


def shown_after(order: tuple[str, ...]) -> dict[str, Any]:
    story = Story()
    for name in order:
        ABOUT[name](story)
    stored: Any = story.stored("M1")
    for name in ("reactions", "votes"):
        stored[name] = [{key: value for key, value in one.items() if key != "offset"} for one in stored.get(name, [])]
    if "poll" not in stored:
        del stored["votes"]  # shown with the poll alone
    return {name: stored.get(name) for name in SHOWN}


def test_a_message_shows_the_same_in_whatever_order_things_are_said_of_it() -> None:
    names = tuple(name for name in ABOUT if name != "revoke")
    assert all(shown_after(order) == shown_after(names) for order in permutations(names))


def test_a_revocation_wins_over_whatever_comes_before_or_after_it() -> None:
    for order in permutations(ABOUT):
        shown = shown_after(order)
        assert shown["deleted"] is True
        assert shown["edited"] is True
        assert (shown["body"], shown["poll"], shown["votes"]) == (None, None, None)


def erase(story: Story, jid: str, before: int) -> None:
    story.update("erased", jid=jid, before=before)


@pytest.mark.parametrize("sender", ["senderJid", "senderLid"])
def test_an_erasure_takes_the_content_and_name_of_what_that_person_wrote_till_then(sender: str) -> None:
    person = ALICE if sender == "senderJid" else ALICE_LID
    story = Story(GROUP)
    story.message("M1", **{sender: person}, pushName="Alice", media={})
    story.message("M2", **{sender: person}, timestamp=NOW + 5_000)
    story.message("M3", senderJid=BOB, pushName="Bob")
    erase(story, person, NOW)
    assert not {"body", "media", "pushName"} & story.stored("M1").keys()
    assert story.stored("M2")["body"] == "body of M2"
    assert (story.stored("M3")["body"], story.stored("M3")["pushName"]) == ("body of M3", "Bob")


def test_what_an_erased_person_wrote_and_comes_late_has_no_content() -> None:
    story = Story(GROUP)
    story.message("M0")
    erase(story, ALICE, NOW)
    story.message("M1", senderJid=ALICE, pushName="Alice")
    assert not {"body", "pushName"} & story.stored("M1").keys()


@pytest.mark.parametrize("order", [("edit", "message", "erase"), ("edit", "erase", "message"), ("erase", "edit", "message")])
@pytest.mark.parametrize(("edited_at", "body"), [(NOW, None), (NOW + 5_000, "edited")])
def test_an_edit_after_an_erasure_is_kept_and_one_before_it_is_not(
    order: tuple[str, ...], edited_at: int, body: str | None
) -> None:
    story = Story(GROUP)
    story.message("M0")
    steps = {
        "message": lambda: story.message("M1", senderJid=ALICE),
        "edit": lambda: story.about("message.edited", "M1", body="edited", timestamp=edited_at, senderJid=ALICE),
        "erase": lambda: erase(story, ALICE, NOW + 1_000),
    }
    for name in order:
        steps[name]()
    assert story.stored("M1").get("body") == body


@pytest.mark.parametrize(("edited_at", "body"), [(NOW, None), (NOW + 5_000, "edited")])
def test_an_edit_of_an_erased_message_shows_only_when_it_was_made_later(edited_at: int, body: str | None) -> None:
    story = Story(GROUP)
    story.message("M1", senderJid=ALICE)
    erase(story, ALICE, NOW + 1_000)
    story.about("message.edited", "M1", body="edited", timestamp=edited_at, senderJid=ALICE)
    assert story.stored("M1").get("body") == body


def test_an_erasure_does_not_touch_a_placeholder() -> None:
    story = Story(GROUP)
    story.message("M0")
    story.status("M1", "read")
    before = story.stored("M1")
    erase(story, ALICE, NOW)
    assert story.stored("M1") is before


def test_an_erasure_does_not_touch_what_others_wrote_later_or_what_an_older_epoch_holds() -> None:
    story = Story(GROUP)
    story.message("M1", senderJid=ALICE)
    hidden = story.stored("M1")
    story.update("deleted", timestamp=NOW - 1)
    story.message("M2", senderJid=BOB)
    erase(story, ALICE, NOW)
    story.message("M3", senderJid=BOB)
    assert story.conversation.messages[hidden["_id"]] is hidden
    assert (story.stored("M2")["body"], story.stored("M3")["body"]) == ("body of M2", "body of M3")
