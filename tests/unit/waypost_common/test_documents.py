"""Ids and sort keys of documents: one string that orders as the tuple behind it."""

from hypothesis import given
from hypothesis import strategies as st

from waypost_common.documents import (
    PROJECTIONS,
    Collection,
    chat_document_id,
    collection_name,
    member_document_id,
    message_document_id,
    sort_key,
)
from waypost_common.identifiers import FOREVER, Jid, MessageId, Offset, SessionId

JIDS = st.from_regex(r"[0-9a-z._+-]{1,12}@(s\.whatsapp\.net|lid|g\.us)", fullmatch=True)
ROWS = st.tuples(st.booleans(), st.none() | st.integers(0, FOREVER + 86_400_000), JIDS)
Row = tuple[bool, int | None, str]


def key(row: Row) -> str:
    pinned, last, jid = row
    return sort_key(pinned=pinned, last_message_at=last, jid=jid)


def order(row: Row) -> tuple[bool, float, str]:
    """Pinned first, then the newest message (none at all last), then JID."""
    pinned, last, jid = row
    return not pinned, float("inf") if last is None else -last, jid


@given(rows=st.lists(ROWS, min_size=2, max_size=10))
def test_sort_keys_order_as_pinned_then_newest_then_jid(rows: list[Row]) -> None:
    assert sorted(rows, key=key) == sorted(rows, key=order)


@given(first=ROWS, second=ROWS)
def test_two_chats_have_one_sort_key_only_when_they_are_the_same(first: Row, second: Row) -> None:
    assert (key(first) == key(second)) == (first == second)


def test_the_first_generation_has_no_suffix() -> None:
    assert collection_name(Collection.CHATS) == "chats"
    assert collection_name(Collection.CHATS, 2) == "chats_g2"


def test_no_two_collections_of_any_generation_share_a_name() -> None:
    names = [collection_name(one, generation) for one in PROJECTIONS for generation in range(1, 30)]
    assert len(set(names) | set(Collection)) == len(names) + len(Collection) - len(PROJECTIONS)


def test_ids_name_all_that_a_document_is_one_of() -> None:
    session, group, person = SessionId("S1"), Jid("1203@g.us"), Jid("6281@s.whatsapp.net")
    assert chat_document_id(session, group) == "S1|1203@g.us"
    assert member_document_id(session, group, person) == "S1|1203@g.us|6281@s.whatsapp.net"
    assert message_document_id(session, group, Offset(-1), MessageId("3EB0")) == "S1|1203@g.us|-1|3EB0"
