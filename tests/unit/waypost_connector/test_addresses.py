"""One person, one chat."""

import pytest

from waypost_common.identifiers import Jid
from waypost_common.jids import InvalidJidError
from waypost_connector.addresses import FirstSight, Sighting, sighting, with_chosen_chat

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


def test_the_memory_is_bounded() -> None:
    addresses = FirstSight()
    addresses.MOST_REMEMBERED = 10
    for number in range(100):
        addresses.choose(Jid(f"{number}@lid"), Jid(f"{number}@s.whatsapp.net"))
    assert addresses.choose(Jid("99@lid"), None) == "99@s.whatsapp.net"
    assert addresses.choose(Jid("0@lid"), None) == "0@lid"


async def test_only_the_address_of_the_chat_is_replaced_in_a_payload() -> None:
    payload = {"chatJid": LID, "senderJid": LID, "body": LID}
    chosen = await with_chosen_chat("message", payload, PHONE, FirstSight())
    assert chosen == {"chatJid": PHONE, "senderJid": LID, "body": LID}


async def test_who_composes_in_a_dm_is_named_as_the_chat_is() -> None:
    payload = {"chatJid": LID, "from": "123:7@lid", "state": "composing"}
    assert await with_chosen_chat("presence.update", payload, PHONE, FirstSight()) == {
        "chatJid": PHONE,
        "from": PHONE,
        "state": "composing",
    }


async def test_a_group_is_left_as_it_is() -> None:
    payload = {"chatJid": "1@g.us", "from": LID}
    assert await with_chosen_chat("presence.update", payload, None, FirstSight()) is payload
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
