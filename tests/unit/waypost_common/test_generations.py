"""Which generations there are, and which ingest writes."""

from typing import Any

from waypost_common.generations import Generations, GenerationState, generations_of

LIVE_1: dict[str, Any] = {"_id": "live", "generation": 1}


def test_before_the_first_migration_nothing_is_live_and_nothing_written() -> None:
    assert generations_of([]) == Generations(live=None, states={})
    assert generations_of([]).consumed == set()


def test_one_that_is_being_made_is_written_beside_the_live_one() -> None:
    found = generations_of([LIVE_1, {"_id": "g2", "generation": 2, "state": "building"}])
    assert found.states == {2: GenerationState.BUILDING}
    assert found.consumed == {1, 2}


def test_one_whose_collections_are_not_made_yet_or_that_was_given_up_is_not_written() -> None:
    states = [{"_id": "g2", "generation": 2, "state": "abandoned"}, {"_id": "g3", "generation": 3, "state": "preparing"}]
    assert generations_of([LIVE_1, *states]).consumed == {1}


def test_the_pointer_alone_says_what_is_live_so_one_write_switches() -> None:
    found = generations_of([{"_id": "live", "generation": 2}, {"_id": "g2", "generation": 2, "state": "ready"}])
    assert (found.live, found.states, found.consumed) == (2, {}, {2})
