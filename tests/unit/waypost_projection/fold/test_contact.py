"""People: what their own chat tells, and what groups they are seen in tell, in any order."""

from copy import deepcopy
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.waypost_projection.story import ALICE, ALICE_LID, GROUP, NOW, SESSION, Story

from waypost_common.identifiers import EpochMs, Jid, OrganizationId
from waypost_projection.fold.contact import Sighting, merged

LIDS = st.none() | st.sampled_from([Jid("1@lid"), Jid("2@lid")])
PHONES = st.none() | st.sampled_from([Jid("1@s.whatsapp.net"), Jid("2@s.whatsapp.net")])
NAMES = st.none() | st.fixed_dictionaries(
    {"at": st.integers(0, 3), "eventId": st.sampled_from("abc"), "name": st.sampled_from("xyz")}
)
TIMES = st.integers(0, 5).map(EpochMs)


@st.composite
def sightings(draw: st.DrawFn) -> Sighting:
    return Sighting(
        id=f"{SESSION}|{ALICE}",
        session=SESSION,
        organization=OrganizationId("org_1"),
        jid=ALICE,
        seen_from=draw(TIMES),
        seen_to=draw(TIMES),
        name=draw(NAMES),  # type: ignore[arg-type]
        lid=draw(LIDS),
        phone_jid=draw(PHONES),
    )


def all_merged(seen: list[Sighting]) -> Sighting:
    return reduce(merged, deepcopy(seen))


@given(seen=st.lists(sightings(), min_size=1, max_size=5), data=st.data())
def test_sightings_come_to_the_same_in_any_order(seen: list[Sighting], data: st.DataObject) -> None:
    assert all_merged(data.draw(st.permutations(seen))) == all_merged(seen)


@given(seen=st.lists(sightings(), min_size=1, max_size=5), data=st.data())
def test_a_sighting_that_comes_again_changes_nothing(seen: list[Sighting], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(seen), max_size=5))
    assert all_merged([*seen, *again]) == all_merged(seen)


@given(first=sightings(), second=sightings(), third=sightings())
def test_sightings_may_be_merged_in_any_grouping(first: Sighting, second: Sighting, third: Sighting) -> None:
    left = merged(merged(deepcopy(first), deepcopy(second)), deepcopy(third))
    right = merged(deepcopy(first), merged(deepcopy(second), deepcopy(third)))
    assert left == right


def test_the_first_sighting_is_kept_as_it_is() -> None:
    story = Story(GROUP)
    story.message("M1", senderJid=ALICE, senderLid=ALICE_LID, pushName="Alice")
    (sighting,) = story.conversation.sightings.values()
    assert (sighting.jid, sighting.lid, sighting.phone_jid) == (ALICE, ALICE_LID, ALICE)
    assert sighting.name is not None
    assert (sighting.name["name"], sighting.name["at"]) == ("Alice", NOW)


def test_a_sender_known_by_one_address_tells_nothing_of_the_other() -> None:
    story = Story(GROUP)
    story.message("M1", senderLid=ALICE_LID)
    (sighting,) = story.conversation.sightings.values()
    assert (sighting.jid, sighting.lid, sighting.phone_jid, sighting.name) == (ALICE_LID, None, None, None)


def test_an_address_is_kept_under_its_own_form_wherever_a_message_puts_it() -> None:
    story = Story(GROUP)
    story.message("M1", senderJid=ALICE_LID, senderLid=ALICE_LID)
    (sighting,) = story.conversation.sightings.values()
    assert (sighting.jid, sighting.lid, sighting.phone_jid) == (ALICE_LID, None, None)


def test_nobody_is_seen_in_a_message_without_a_sender_or_of_ones_own_or_outside_groups() -> None:
    group, direct = Story(GROUP), Story()
    group.message("M1")
    group.message("M2", senderJid=ALICE, fromMe=True)
    direct.message("M1", senderJid=ALICE, pushName="Alice")
    assert group.conversation.sightings == direct.conversation.sightings == {}


def test_a_contact_update_sets_what_it_carries() -> None:
    story = Story()
    payload = {
        "jid": ALICE, "fullName": "Alice A", "firstName": "Alice", "pushName": "ali", "lid": ALICE_LID, "phoneJid": ALICE,
        "phoneNumber": "6281234567890", "businessName": "Shop", "blocked": False, "about": "hi",
    }  # fmt: skip
    story.tell("contact.update", payload)
    change = story.conversation.contact
    assert change is not None
    assert change.fields == {"listed": True} | {name: value for name, value in payload.items() if name != "jid"}


def test_a_contact_update_makes_no_chat_appear_but_names_the_one_that_comes() -> None:
    story = Story()
    story.tell("contact.update", {"jid": ALICE, "fullName": "Alice A"})
    assert (story.chat["visible"], story.chat["name"]) == (False, "Alice A")
    story.message("M1")
    assert (story.chat["visible"], story.chat["name"]) == (True, "Alice A")


def test_a_contact_knows_whether_there_is_a_direct_chat() -> None:
    story = Story()
    story.message("M1")
    assert story.conversation.contact is not None
    assert story.conversation.contact.fields == {"dm": True}
    story.update("deleted")
    assert story.conversation.contact.fields == {"dm": False}


def test_a_push_name_in_a_direct_chat_lists_the_contact_once_it_changes() -> None:
    story = Story()
    story.message("M1", pushName="Alice")
    assert story.conversation.contact is not None
    assert story.conversation.contact.fields == {"dm": True, "listed": True, "pushName": "Alice"}
    before = story.conversation.contact
    story.message("M2", pushName="Alice")
    assert story.conversation.contact is before
    story.message("M3", pushName="Ali")
    assert story.conversation.contact.fields["pushName"] == "Ali"


def test_changes_of_one_batch_keep_the_first_and_the_last_time() -> None:
    story = Story()
    story.tell("contact.update", {"jid": ALICE, "fullName": "A"}, timestamp=NOW + 5_000)
    story.tell("contact.update", {"jid": ALICE, "about": "hi"}, timestamp=NOW)
    change = story.conversation.contact
    assert change is not None
    assert (change.seen_from, change.seen_to, change.offset) == (NOW, NOW + 5_000, 1)
    assert (change.fields["fullName"], change.fields["about"]) == ("A", "hi")
