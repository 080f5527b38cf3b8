"""From which partitions documents are copied, and when a rebuild is refused."""

import pytest

from waypost_common.documents import PositionDocument
from waypost_common.identifiers import Offset
from waypost_store.errors import StoreError
from waypost_store.rebuild.drop import stored_generations
from waypost_store.rebuild.prepare import partitions_to_carry


def position(partition: int, *, offset: int, log_start: int = 0) -> PositionDocument:
    return {
        "_id": f"1|{partition}",
        "generation": 1,
        "partition": partition,
        "offset": Offset(offset),
        "eventId": None,
        "timestamp": None,
        "logStart": Offset(log_start),
    }


POSITIONS = {0: position(0, offset=99), 1: position(1, offset=99, log_start=10)}


def test_a_log_that_begins_where_it_was_recorded_carries_nothing() -> None:
    assert partitions_to_carry(POSITIONS, {0: 0, 1: 10}, carry=False) == []
    assert partitions_to_carry(POSITIONS, {0: 0, 1: 10}, carry=True) == []


def test_a_shortened_log_is_refused_unless_its_documents_may_be_copied() -> None:
    with pytest.raises(StoreError, match=r"partitions \[1\].*--carry"):
        partitions_to_carry(POSITIONS, {0: 0, 1: 11}, carry=False)
    assert partitions_to_carry(POSITIONS, {0: 0, 1: 11}, carry=True) == [1]


def test_what_expired_unread_is_not_brought_back_by_copies() -> None:
    assert partitions_to_carry(POSITIONS, {0: 100, 1: 10}, carry=True) == [0]
    with pytest.raises(StoreError, match=r"partitions \[0\].*expired unread"):
        partitions_to_carry(POSITIONS, {0: 101, 1: 10}, carry=True)


def test_generations_are_known_by_their_collections_names() -> None:
    names = [
        "chats",
        "group_members_g12",
        "messages_g3",
        "chats_g0",
        "chats_g-7",
        "operations",
        "positions",
        "system.views",
        "other_g4",
    ]
    assert stored_generations(names) == {1, 3, 12}
