"""What of an export is on a log already, and what must not be there."""

from collections.abc import Iterable

import pytest

from waypost_store.transfer.comparison import Begun, Chains, Comparison, Remaining, extend

EXPORT = [("a", "1"), ("b", "2"), ("a", "3"), ("a", "3"), ("b", "4")]


def chains(events: Iterable[tuple[str, str]]) -> Chains:
    found: Chains = {}
    for key, one in events:
        extend(found, key, one)
    return found


def compared(there: Iterable[tuple[str, str]]) -> Comparison:
    comparison = Comparison(exported=chains(EXPORT))
    for key, one in there:
        comparison.found(key, one)
    begun = Begun(comparison.begun())
    for key, one in EXPORT:
        begun.found(key, one)
    comparison.differs |= begun.differs
    return comparison


@pytest.mark.parametrize("length", range(len(EXPORT) + 1))
def test_of_any_beginning_that_is_there_the_rest_is_missing(length: int) -> None:
    comparison = compared(EXPORT[:length])
    assert (comparison.count, comparison.differs, comparison.others) == (length, False, False)
    assert comparison.is_whole == (length == len(EXPORT))
    remaining = Remaining(comparison.there)
    assert [one for one in EXPORT if remaining.is_missing(one[0])] == EXPORT[length:]


def test_keys_may_be_there_to_different_lengths() -> None:
    comparison = compared([("b", "2"), ("b", "4"), ("a", "1")])
    remaining = Remaining(comparison.there)
    assert not comparison.differs
    assert [one for one in EXPORT if remaining.is_missing(one[0])] == [("a", "3"), ("a", "3")]


@pytest.mark.parametrize("there", [[("a", "3")], [("a", "1"), ("a", "4")], [("b", "4"), ("b", "2")], [*EXPORT[:2], ("a", "5")]])
def test_another_event_or_another_order_differs(there: list[tuple[str, str]]) -> None:
    assert compared(there).differs


@pytest.mark.parametrize("more", [("c", "1"), ("a", "5"), ("b", "2")])
def test_more_than_the_export_is_told(more: tuple[str, str]) -> None:
    comparison = compared([*EXPORT, more])
    assert (comparison.differs, comparison.others, comparison.is_whole) == (False, True, True)
