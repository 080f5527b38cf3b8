"""The reference model, sentence by sentence: contacts and the names of direct chats."""

from typing import Any

import pytest
from tests.properties.reference import Record, ReferenceModel
from tests.properties.reference.story import ALICE, ALICE_LID, GROUP, NEWSLETTER, SESSION, Story

BOTH_FORMS: dict[str, Any] = {"senderJid": ALICE, "senderLid": ALICE_LID}


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def group() -> Story:
    return Story(GROUP)


def test_the_push_name_of_a_direct_message_is_kept_with_the_chats_contact(story: Story) -> None:
    story.message(pushName="Alice")
    assert story.shown_contact()["pushName"] == "Alice"
    assert story.shown_contact()["dm"] is True


def test_a_direct_message_without_a_push_name_makes_no_contact(story: Story) -> None:
    story.message()
    assert story.contact_view() is None


def test_the_newest_push_name_by_message_time_wins(story: Story) -> None:
    story.message("A", at=2000, pushName="Newer")
    story.message("B", at=1000, pushName="Older")
    assert story.shown_contact()["pushName"] == "Newer"


def test_a_contact_updates_push_name_counts_by_its_envelope_time(story: Story) -> None:
    story.message(at=2000, pushName="Message")
    story.contact(seen=1000, pushName="Early")
    assert story.shown_contact()["pushName"] == "Message"
    story.contact(seen=2000, pushName="Late")
    assert story.shown_contact()["pushName"] == "Late"


def test_messages_from_me_do_not_touch_contacts(story: Story) -> None:
    story.message(fromMe=True, pushName="Me")
    assert story.contact_view() is None


def test_a_contact_update_makes_a_contact_and_no_chat(story: Story) -> None:
    story.contact(fullName="Alice A")
    assert story.shown_contact()["dm"] is False
    assert story.chat_view() is None


def test_absent_fields_of_a_contact_update_stay(story: Story) -> None:
    story.contact(fullName="Alice A", about="Hi", blocked=True)
    story.contact(about="Busy")
    contact = story.shown_contact()
    assert (contact["fullName"], contact["about"], contact["blocked"]) == ("Alice A", "Busy", True)


def test_a_contact_outlives_a_deleted_chat(story: Story) -> None:
    story.message(pushName="Alice")
    story.update("deleted")
    assert story.shown_contact()["dm"] is False


def test_a_direct_chat_is_named_by_full_name_then_first_name_then_push_name(story: Story) -> None:
    story.message(pushName="pushed")
    assert story.shown_chat()["name"] == "pushed"
    story.contact(firstName="Alice")
    assert story.shown_chat()["name"] == "Alice"
    story.contact(fullName="Alice A")
    assert story.shown_chat()["name"] == "Alice A"


def test_the_name_is_there_when_the_chat_appears_later(story: Story) -> None:
    story.contact(fullName="Alice A")
    story.message()
    assert story.shown_chat()["name"] == "Alice A"


@pytest.mark.parametrize("jid", [NEWSLETTER, "status@broadcast", "1719662400@broadcast"])
def test_senders_elsewhere_than_in_direct_chats_and_groups_make_no_contact(jid: str) -> None:
    story = Story(jid)
    story.message(pushName="Alice", **BOTH_FORMS)
    assert story.model.view()["contacts"] == {}


def test_a_group_senders_push_name_is_kept_apart_and_does_not_name_the_direct_chat(group: Story) -> None:
    group.message(pushName="In the group", **BOTH_FORMS)
    contact = group.shown_contact()
    assert (contact["groupPushName"], contact["pushName"]) == ("In the group", None)
    group.chat_jid = ALICE
    group.message()
    assert group.shown_chat()["name"] is None


def test_a_group_sender_without_a_push_name_is_a_contact(group: Story) -> None:
    group.message(senderLid=ALICE_LID)
    assert group.shown_contact(ALICE_LID)["groupPushName"] is None


def test_a_resent_or_dropped_group_message_shows_nobody(group: Story) -> None:
    group.message(senderLid=ALICE_LID)
    group.message(senderJid=ALICE)
    group.update("deleted", seen=5000)
    group.message("B", history=True, senderJid=ALICE)
    assert group.contact_view(ALICE) is None


def test_the_newest_group_push_name_wins(group: Story) -> None:
    group.message("A", at=2000, pushName="Newer", senderJid=ALICE)
    group.message("B", at=1000, pushName="Older", senderJid=ALICE)
    assert group.shown_contact()["groupPushName"] == "Newer"


@pytest.mark.parametrize("turned", [False, True])
def test_group_push_names_of_one_time_are_decided_by_event_id(group: Story, turned: bool) -> None:
    group.message("A", pushName="First", senderJid=ALICE)
    group.message("B", pushName="Second", senderJid=ALICE)
    first, second = group.records
    if turned:
        low, high = first.value["id"], second.value["id"]
        first, second = _with_id(first, high), _with_id(second, low)
    model = ReferenceModel()
    model.apply(first)
    model.apply(second)
    name = model.view()["contacts"][f"{SESSION}|{ALICE}"]["groupPushName"]
    assert name == ("First" if turned else "Second")


def test_a_group_sighting_of_both_forms_fills_them_in(group: Story) -> None:
    group.message(**BOTH_FORMS)
    contact = group.shown_contact()
    assert (contact["lid"], contact["phoneJid"], contact["phoneNumber"]) == (ALICE_LID, ALICE, "6281234567890")


def test_of_several_lids_seen_in_groups_the_greatest_wins(group: Story) -> None:
    group.message("A", senderJid=ALICE, senderLid="9@lid")
    group.message("B", senderJid=ALICE, senderLid="1@lid")
    assert group.shown_contact()["lid"] == "9@lid"


def test_what_a_contact_update_says_wins_over_sightings(group: Story) -> None:
    group.contact(lid="1@lid", phoneNumber="62")
    group.message(senderJid=ALICE, senderLid="9@lid")
    assert (group.shown_contact()["lid"], group.shown_contact()["phoneNumber"]) == ("1@lid", "62")


def test_the_form_of_its_own_jid_is_known_without_being_told(story: Story) -> None:
    story.contact(ALICE, fullName="Alice")
    story.contact(ALICE_LID, fullName="Alice")
    assert (story.shown_contact()["phoneJid"], story.shown_contact()["lid"]) == (ALICE, None)
    hidden = story.shown_contact(ALICE_LID)
    assert (hidden["lid"], hidden["phoneJid"], hidden["phoneNumber"]) == (ALICE_LID, None, None)


def _with_id(record: Record, event_id: str) -> Record:
    return record._replace(value={**record.value, "id": event_id})
