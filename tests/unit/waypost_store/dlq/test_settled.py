"""Which dead letters are left."""

from tests.unit.waypost_common.samples import NOW
from tests.unit.waypost_store.dlq.letters import dead_letter

from waypost_common.identifiers import EpochMs
from waypost_common.report.settled import Note, newest_left, note_of


def test_a_letter_is_done_with_when_it_was_noted() -> None:
    note = Note(EpochMs(NOW), "dropped", EpochMs(NOW + 1), "me@here")
    assert note_of(dead_letter(), {(3, 17): note}) == note
    assert note_of(dead_letter(offset=18), {(3, 17): note}) is None


def test_another_letter_at_the_same_place_in_a_topic_that_was_made_again_is_left() -> None:
    note = Note(EpochMs(NOW - 1), "dropped", EpochMs(NOW), "me@here")
    assert note_of(dead_letter(), {(3, 17): note}) is None


def test_the_newest_that_are_left_are_found_behind_those_that_are_settled() -> None:
    assert newest_left(range(10, 20), {19, 18, 16}, 2) == range(15, 18)
    assert newest_left(range(10, 20), set(), 3) == range(17, 20)
    assert newest_left(range(10, 12), {10, 11}, 3) == range(0)
    assert newest_left(range(0), set(), 3) == range(0)
