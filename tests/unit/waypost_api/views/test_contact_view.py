from typing import Any

import pytest
from tests.integration.api.documents import contact_document

from waypost_api.views.contacts import contact_addresses, contact_view

SIGHTING = {"at": 1, "eventId": "evt", "name": "~Group name"}


def contact(jid: str = "9001@lid", **fields: Any) -> Any:
    return contact_document(jid, **fields)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"fullName": "Full", "firstName": "First", "pushName": "Push", "groupPushName": SIGHTING}, "Full"),
        ({"firstName": "First", "pushName": "Push", "groupPushName": SIGHTING}, "First"),
        ({"pushName": "Push", "groupPushName": SIGHTING}, "Push"),
        ({"groupPushName": SIGHTING}, "~Group name"),
        ({}, None),
    ],
)
def test_the_address_book_names_before_the_person_does(fields: dict[str, Any], name: str | None) -> None:
    assert contact_view(contact(**fields))["name"] == name


@pytest.mark.parametrize(
    ("jid", "fields", "lid"),
    [
        ("1@s.whatsapp.net", {"lid": "2@lid", "groupLid": "3@lid"}, "2@lid"),
        ("1@s.whatsapp.net", {"groupLid": "3@lid"}, "3@lid"),
        ("1@s.whatsapp.net", {}, "1@s.whatsapp.net"),
        ("4@lid", {}, "4@lid"),
    ],
)
def test_the_lid_is_the_one_known_else_the_jid(jid: str, fields: dict[str, Any], lid: str) -> None:
    assert contact_view(contact(jid, **fields))["lid"] == lid


@pytest.mark.parametrize(
    ("jid", "fields", "number"),
    [
        ("1@s.whatsapp.net", {"phoneNumber": "+62 1"}, "+62 1"),
        ("1@s.whatsapp.net", {}, "1"),
        ("4@lid", {"phoneJid": "5@s.whatsapp.net"}, "5"),
        ("4@lid", {"groupPhoneJid": "6@s.whatsapp.net"}, "6"),
        ("4@lid", {}, None),
    ],
)
def test_the_number_is_the_one_told_else_that_of_the_phone_jid(jid: str, fields: dict[str, Any], number: str | None) -> None:
    assert contact_view(contact(jid, **fields))["phoneNumber"] == number


def test_who_has_a_direct_chat_is_found_there_first() -> None:
    assert contact_view(contact(dm=True, inGroup=True))["source"] == "dm"
    assert contact_view(contact(inGroup=True))["source"] == "group"


def test_every_form_of_an_address_is_told_once() -> None:
    assert contact_addresses(contact("1@s.whatsapp.net", lid="2@lid")) == ["1@s.whatsapp.net", "2@lid"]
