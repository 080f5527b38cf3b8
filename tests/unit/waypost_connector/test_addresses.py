"""One person, one chat."""

from waypost_common.identifiers import Jid
from waypost_connector.addresses import FirstSight, with_chosen_chat

LID, PHONE = Jid("123@lid"), Jid("9991@s.whatsapp.net")


def test_the_phone_jid_is_chosen_where_it_is_known_at_first_sight() -> None:
    addresses = FirstSight()
    assert addresses.chosen(LID, PHONE) == PHONE
    assert addresses.chosen(LID, None) == PHONE
    assert addresses.chosen(PHONE, None) == PHONE


def test_who_was_seen_by_phone_with_a_lid_beside_it_keeps_the_phone_jid() -> None:
    assert FirstSight().chosen(PHONE, LID) == PHONE


def test_someone_known_by_lid_alone_has_a_lid_chat() -> None:
    assert FirstSight().chosen(LID, None) == LID


def test_a_device_part_is_dropped() -> None:
    assert FirstSight().chosen(Jid("9991:12@s.whatsapp.net"), Jid("123:4@lid")) == PHONE


def test_the_memory_is_bounded() -> None:
    addresses = FirstSight()
    addresses.MOST_REMEMBERED = 10
    for number in range(100):
        addresses.chosen(Jid(f"{number}@lid"), Jid(f"{number}@s.whatsapp.net"))
    assert addresses.chosen(Jid("99@lid"), None) == "99@s.whatsapp.net"
    assert addresses.chosen(Jid("0@lid"), None) == "0@lid"


def test_only_the_address_of_the_chat_is_replaced_in_a_payload() -> None:
    payload = {"chatJid": LID, "senderJid": LID, "body": LID}
    assert with_chosen_chat(payload, PHONE, FirstSight()) == {"chatJid": PHONE, "senderJid": LID, "body": LID}


def test_a_group_is_left_as_it_is() -> None:
    payload = {"chatJid": "1@g.us"}
    assert with_chosen_chat(payload, None, FirstSight()) is payload
