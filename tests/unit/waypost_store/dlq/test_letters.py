"""What is known of a dead letter without its value, and which ones a filter takes."""

import pytest
from tests.unit.waypost_common.samples import ALICE, NOW
from tests.unit.waypost_store.dlq.letters import dead_letter

from waypost_common.identifiers import EpochMs
from waypost_common.report.letters import Filters, Origin, in_log_order


def test_a_letter_tells_its_reason_its_key_and_where_it_was_read() -> None:
    letter = dead_letter()
    assert (letter.reason, letter.session, letter.place) == ("schema_violation", "S1", (3, 17))
    assert letter.origin == Origin("wa.events", 3, 812)
    assert letter.to_json()["origin"] == {"topic": "wa.events", "partition": 3, "offset": 812}


def test_a_letter_of_somebody_elses_making_is_read_all_the_same() -> None:
    letter = dead_letter(key=None, origin=("wa.events", -1, 0), reason="because")
    assert (letter.reason, letter.session, letter.origin) == ("unknown", None, None)


@pytest.mark.parametrize(
    ("filters", "taken"),
    [
        (Filters(), True),
        (Filters(reasons=["not_json", "schema_violation"]), True),
        (Filters(reasons=["not_json"]), False),
        (Filters(session="S1"), True),
        (Filters(session="S"), False),
        (Filters(since=EpochMs(NOW)), True),
        (Filters(since=EpochMs(NOW + 1)), False),
        (Filters(until=EpochMs(NOW)), False),
        (Filters(until=EpochMs(NOW + 1)), True),
        (Filters(partition=3, offset=17), True),
        (Filters(partition=2), False),
        (Filters(partition=3, offset=18), False),
        (Filters(reasons=["schema_violation"], session="S2"), False),
    ],
)
def test_a_filter_takes_what_meets_all_of_its_conditions(filters: Filters, *, taken: bool) -> None:
    assert filters.take(dead_letter()) is taken


def test_only_what_may_be_meant_is_read() -> None:
    held = range(10, 20)
    assert Filters().offsets(3, held) == held
    assert Filters(partition=2).offsets(3, held) == range(0)
    assert Filters(partition=3, offset=17).offsets(3, held) == range(17, 18)
    assert Filters(partition=3, offset=20).offsets(3, held) == range(0)


def test_letters_sort_as_their_records_stood_in_the_log_whatever_order_they_were_set_aside_in() -> None:
    second = dead_letter(offset=1, origin=("wa.events", 3, 9))
    first = dead_letter(offset=2, origin=("wa.events", 3, 8))
    again = dead_letter(offset=3, origin=("wa.events", 3, 8))
    nowhere = dead_letter(offset=0, origin=None)
    assert sorted([nowhere, again, second, first], key=in_log_order) == [first, again, second, nowhere]


def test_the_session_is_that_of_the_key() -> None:
    assert dead_letter(key="S2").session == "S2"
    assert dead_letter(key=f"S2|{ALICE}").session == "S2"
