"""One person, one chat."""

import pytest
from tests.unit.waypost_connector.kept_in_memory import addresses_in_memory

from waypost_common.identifiers import Jid
from waypost_common.jids import InvalidJidError
from waypost_connector.addresses import Choice, FirstSight, Sighting, choice, sighting, with_chat, with_chosen_chat

LID, PHONE = Jid("123@lid"), Jid("9991@s.whatsapp.net")


def test_the_phone_jid_is_chosen_where_it_is_known_at_first_sight() -> None:
    addresses = FirstSight()
    assert addresses.choose(LID, PHONE) == PHONE
    assert addresses.choose(LID, None) == PHONE
    assert addresses.choose(PHONE, None) == PHONE


def test_who_was_seen_by_phone_with_a_lid_beside_it_keeps_the_phone_jid() -> None:
    assert FirstSight().choose(PHONE, LID) == PHONE


def test_someone_known_by_lid_alone_has_a_lid_chat() -> None:
    assert FirstSight().choose(LID, None) == LID


@pytest.mark.parametrize(
    ("kept", "jid", "alternative", "chosen", "unkept"),
    [
        ({}, LID, None, LID, LID),
        ({}, PHONE, None, PHONE, None),
        ({}, LID, PHONE, PHONE, LID),
        ({}, PHONE, LID, PHONE, LID),
        ({LID: PHONE}, LID, PHONE, PHONE, None),
        ({LID: LID}, PHONE, LID, LID, PHONE),
        ({LID: LID, PHONE: LID}, LID, PHONE, LID, None),
        ({PHONE: LID}, PHONE, None, LID, None),
    ],
)
def test_what_is_kept_is_what_cannot_be_told_from_the_address_itself(
    kept: dict[Jid, Jid], jid: Jid, alternative: Jid | None, chosen: Jid, unkept: Jid | None
) -> None:
    assert choice(kept, jid, alternative) == Choice(chosen, unkept)


def test_a_new_number_of_somebody_known_leads_to_the_same_chat() -> None:
    kept = {LID: PHONE}
    assert choice(kept, LID, Jid("9992@s.whatsapp.net")) == Choice(PHONE, Jid("9992@s.whatsapp.net"))


async def test_only_the_address_of_the_chat_is_replaced_in_a_payload() -> None:
    payload = {"chatJid": LID, "senderJid": LID, "body": LID}
    chosen = await with_chosen_chat("message", payload, PHONE, addresses_in_memory())
    assert chosen == {"chatJid": PHONE, "senderJid": LID, "body": LID}


def test_who_composes_in_a_dm_is_named_as_the_chat_is() -> None:
    payload = {"chatJid": LID, "from": "123:7@lid", "state": "composing"}
    assert with_chat(payload, Sighting(LID, PHONE), PHONE) == {"chatJid": PHONE, "from": PHONE, "state": "composing"}


def test_what_is_named_as_chosen_is_left_as_it_is() -> None:
    payload = {"chatJid": PHONE, "from": PHONE}
    assert with_chat(payload, Sighting(PHONE, None), PHONE) is payload


async def test_a_group_is_left_as_it_is() -> None:
    payload = {"chatJid": "1@g.us", "from": LID}
    assert await with_chosen_chat("presence.update", payload, None, addresses_in_memory()) is payload
    assert sighting("presence.update", payload, None) is None


def test_who_calls_a_group_is_not_seen_in_a_chat_of_their_own() -> None:
    assert sighting("call.incoming", {"from": LID, "groupJid": "1@g.us"}, None) is None
    assert sighting("call.incoming", {"from": LID, "groupJid": None}, None) == Sighting(LID, None)


def test_the_addresses_of_the_session_itself_are_nobodys_chat() -> None:
    assert sighting("auth.code", {"jid": PHONE, "lid": LID}, None) is None


def test_a_device_part_is_dropped() -> None:
    assert sighting("message", {"chatJid": "123:4@lid"}, Jid("9991:12@s.whatsapp.net")) == Sighting(LID, PHONE)


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("message", {"chatJid": LID, "senderJid": PHONE, "senderLid": LID}),
        ("message", {"chatJid": LID, "senderJid": PHONE, "senderLid": "123:3@lid"}),
        ("contact.update", {"jid": LID, "lid": LID, "phoneJid": PHONE}),
    ],
)
def test_both_addresses_are_read_from_the_payload_too(event: str, payload: dict[str, str]) -> None:
    assert sighting(event, payload, None) == Sighting(LID, PHONE)


def test_somebody_elses_addresses_are_not_taken_for_the_persons() -> None:
    mine = {"senderJid": "5@s.whatsapp.net", "senderLid": "6@lid"}
    assert sighting("message.from_me", {"chatJid": LID, **mine}, None) == Sighting(LID, None)


def test_an_alternative_of_the_same_kind_tells_nothing() -> None:
    assert sighting("message", {"chatJid": LID}, Jid("124@lid")) == Sighting(LID, None)
    assert sighting("message", {"chatJid": LID}, LID) == Sighting(LID, None)


def test_a_wrong_address_is_refused() -> None:
    with pytest.raises(InvalidJidError):
        sighting("message", {"chatJid": "1 2@lid"}, None)
