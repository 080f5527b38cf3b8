"""Which documents are a session's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost_common.documents import PROJECTIONS, Collection
from waypost_common.identifiers import SessionId
from waypost_store.purge.documents import OF_A_SESSION, ids_of_session

SESSION_IDS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
JIDS = st.from_regex(r"[0-9a-z._+-]{1,20}@(s\.whatsapp\.net|lid|g\.us)", fullmatch=True)


def holds(session: str, document_id: str) -> bool:
    wanted = ids_of_session(SessionId(session))
    return bool(wanted["$gt"].encode() < document_id.encode() < wanted["$lt"].encode())


@given(session=SESSION_IDS, jid=JIDS)
def test_the_range_holds_every_id_that_begins_with_the_session(session: str, jid: str) -> None:
    assert holds(session, f"{session}|{jid}")
    assert holds(session, f"{session}|{jid}|-1|3EB0~")


@given(session=SESSION_IDS, other=SESSION_IDS, jid=JIDS)
def test_the_range_holds_no_other_sessions_ids(session: str, other: str, jid: str) -> None:
    assert holds(session, f"{other}|{jid}") == (session == other)


@pytest.mark.parametrize("other", ["S10", "S", "S1-", "S1_", "T1", "S1z"])
def test_a_session_whose_name_begins_the_same_is_another(other: str) -> None:
    assert not holds("S1", f"{other}|x@lid")


def test_of_a_session_everything_goes_but_its_own_document() -> None:
    assert {*OF_A_SESSION, Collection.SESSIONS} == {*PROJECTIONS, Collection.ADDRESSES}
