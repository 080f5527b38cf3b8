"""What counts as a difference, and when a stored document can be compared at all."""

from typing import Any

import pytest

from waypost_common.documents import Collection
from waypost_store.verify.differences import Key, Kind, chat_of, compare, is_ahead, is_older_epoch, session_of

CHAT = Key(Collection.CHATS, "S1|6281@s.whatsapp.net")
MESSAGE = Key(Collection.MESSAGES, "S1|6281@s.whatsapp.net|-1|M|1")


def test_equal_documents_do_not_differ_whatever_the_order_of_their_fields() -> None:
    assert compare(CHAT, {"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"d": 2, "c": 1}, "a": 1}) is None


def test_a_field_that_one_side_lacks_differs_from_null() -> None:
    found = compare(CHAT, {"_id": "x", "a": None}, {"_id": "x"})
    assert found is not None
    assert (found.kind, found.fields, found.values) == (Kind.DIFFERS, ["a"], {"a": {"stored": None}})


@pytest.mark.parametrize(("stored", "folded", "kind"), [(None, {"a": 1}, Kind.MISSING), ({"a": 1}, None, Kind.EXTRA)])
def test_a_document_of_one_side_alone_is_missing_or_extra(stored: Any, folded: Any, kind: Kind) -> None:
    found = compare(CHAT, stored, folded)
    assert found is not None
    assert (found.kind, found.fields) == (kind, ["a"])


def test_values_are_told_only_when_asked_for() -> None:
    found = compare(MESSAGE, {"body": "secret"}, {"body": "other"})
    assert found is not None
    assert "secret" not in str(found.to_json(values=False))
    assert found.to_json(values=True)["values"] == {"body": {"stored": "secret", "folded": "other"}}


@pytest.mark.parametrize(
    ("key", "stored", "ahead"),
    [
        (CHAT, {"partition": 1, "offset": 9}, False),
        (CHAT, {"partition": 1, "offset": 10}, True),
        (MESSAGE, {"partition": 1, "offset": 3, "appliedOffset": 10}, True),
        (Key(Collection.CONTACTS, "S1|x"), {"inGroup": True}, False),
        (CHAT, None, False),
    ],
)
def test_a_document_that_holds_events_beyond_the_folded_ones_is_ahead(key: Key, stored: Any, ahead: bool) -> None:
    assert is_ahead(key, stored, {1: 10}) is ahead


def test_a_message_names_its_session_and_chat() -> None:
    assert (session_of(MESSAGE), chat_of(MESSAGE)) == ("S1", CHAT.id)


@pytest.mark.parametrize(("chats", "older"), [([{"epoch": 5}], True), ([{"epoch": -1}], False), ([], False)])
def test_a_message_from_before_its_chats_deletion_is_of_an_older_epoch(chats: Any, older: bool) -> None:
    assert is_older_epoch(None, {"epoch": -1}, chats) is older
