from typing import Any

import pytest
from tests.integration.api.documents import contact_document, message_document

from waypost_api.views.messages import Message, message_view, names_of, people_of
from waypost_common.identifiers import Jid

CHAT = "6281@s.whatsapp.net"
GROUP = "120@g.us"


def document(chat: str = CHAT, **fields: Any) -> Any:
    return message_document("3EB0", chat, offset=1, at=1_000, **fields)


def view(chat: str = CHAT, names: dict[str, str] | None = None, **fields: Any) -> Message:
    return message_view(document(chat, **fields), {Jid(jid): name for jid, name in (names or {}).items()})


def test_all_fields_are_there_and_unset_ones_are_null() -> None:
    assert set(view()) == set(Message.__annotations__)
    unset = {name for name, value in view().items() if value is None}
    assert unset == {
        "senderJid", "senderLid", "senderName", "status", "ackLevel", "error", "media", "mentions", "mentionNames",
        "quotedMessageId", "poll", "location", "contact", "views",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "level"), [("pending", 0), ("sent", 1), ("delivered", 2), ("read", 3), ("played", 4), ("failed", -1)]
)
def test_the_ack_level_follows_the_status(status: str, level: int) -> None:
    assert view(status=status)["ackLevel"] == level


@pytest.mark.parametrize(("from_me", "direction"), [(True, "out"), (False, "in")])
def test_the_direction_follows_who_sent_it(from_me: bool, direction: str) -> None:
    assert view(fromMe=from_me)["direction"] == direction


def test_a_removed_reaction_is_not_shown() -> None:
    kept = {"sender": "1@lid", "emoji": "👍", "at": 1, "timestamp": 5, "offset": 1}
    removed = {"sender": "2@lid", "emoji": "", "at": 1, "timestamp": 6, "offset": 2}
    assert view(reactions=[kept, removed])["reactions"] == [{"senderJid": "1@lid", "emoji": "👍", "timestamp": 5}]


def test_a_poll_tells_its_votes() -> None:
    poll = view(
        poll={"name": "Lunch?", "options": ["yes", "no"], "selectableCount": 1},
        votes=[{"voter": "1@lid", "hashes": ["aa"], "at": 1, "timestamp": 9, "offset": 3}],
    )["poll"]
    assert poll == {
        "name": "Lunch?",
        "options": ["yes", "no"],
        "selectableCount": 1,
        "votes": [{"voterJid": "1@lid", "selectedHashes": ["aa"], "timestamp": 9}],
    }


def test_media_tell_type_size_and_name() -> None:
    media = view(hasMedia=True, media={"mimetype": "image/png"})["media"]
    assert media == {"mimetype": "image/png", "size": None, "filename": None}


def test_the_sender_is_named_by_phone_jid_first_and_by_lid_else() -> None:
    names = {"1@s.whatsapp.net": "Phone", "2@lid": "Lid"}
    both = {"senderJid": "1@s.whatsapp.net", "senderLid": "2@lid"}
    assert view(GROUP, names, **both)["senderName"] == "Phone"
    assert view(GROUP, {"2@lid": "Lid"}, **both)["senderName"] == "Lid"


def test_an_incoming_message_of_a_direct_chat_without_sender_is_named_by_the_chat() -> None:
    assert view(names={CHAT: "Alice"})["senderName"] == "Alice"
    assert view(names={CHAT: "Alice"}, fromMe=True)["senderName"] is None


def test_mentions_without_a_known_name_are_left_out_of_the_names() -> None:
    seen = view(names={"1@lid": "One"}, mentions=["1@lid", "2@lid"])
    assert (seen["mentions"], seen["mentionNames"]) == (["1@lid", "2@lid"], {"1": "One"})


def test_one_lookup_covers_all_senders_and_mentions_of_a_page() -> None:
    page = [document(GROUP, senderLid="1@lid"), document(GROUP, senderJid="2@lid", mentions=["3@lid"]), document(fromMe=True)]
    assert sorted(people_of(page)) == ["1@lid", "2@lid", "3@lid"]


def test_a_contact_without_any_name_names_nobody() -> None:
    contacts: Any = [contact_document("1@lid"), contact_document("2@lid", pushName="Two")]
    assert names_of(contacts) == {"2@lid": "Two"}


def test_who_wrote_is_looked_up_before_who_is_mentioned() -> None:
    page = [document(senderLid="2@lid", mentions=["1@lid", "3@lid"]), document(senderLid="3@lid")]
    assert people_of(page) == ["2@lid", "3@lid", "1@lid"]


@pytest.mark.parametrize("told", [{"lid": "9001@lid"}, {"groupLid": "9001@lid"}])
def test_a_contact_lends_its_name_to_every_form_of_the_address(told: dict[str, str]) -> None:
    contacts: Any = [contact_document(CHAT, fullName="Alice", **told)]
    assert names_of(contacts) == {CHAT: "Alice", "9001@lid": "Alice"}


def test_of_two_contacts_of_one_person_the_better_name_goes_to_both_forms() -> None:
    seen_in_group = contact_document("9001@lid", groupPushName={"at": 1, "eventId": "e", "name": "~ally"})
    in_address_book = contact_document(CHAT, fullName="Alice", lid="9001@lid")
    for contacts in ([seen_in_group, in_address_book], [in_address_book, seen_in_group]):
        given: Any = contacts
        assert names_of(given) == {CHAT: "Alice", "9001@lid": "Alice"}
