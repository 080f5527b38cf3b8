"""How far a partition may be committed."""

from hypothesis import given
from hypothesis import strategies as st

from waypost_common.identifiers import EpochMs
from waypost_connector.live.offsets import UnfinishedOffsets


def test_nothing_read_may_be_committed_where_the_partition_was_started() -> None:
    assert UnfinishedOffsets(7).committable == 7


def test_an_unfinished_offset_holds_back_what_is_finished_behind_it() -> None:
    offsets = UnfinishedOffsets(0)
    offsets.read(0)
    offsets.read(1)
    offsets.finish(1)
    assert offsets.committable == 0
    offsets.finish(0)
    assert offsets.committable == 2


def test_an_offset_of_an_earlier_assignment_says_nothing() -> None:
    offsets = UnfinishedOffsets(10)
    offsets.read(10)
    offsets.finish(3)
    assert offsets.committable == 10


@given(st.data())
def test_all_below_the_committable_offset_are_finished_and_it_is_the_highest_such(data: st.DataObject) -> None:
    gaps = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=30))
    first = data.draw(st.integers(0, 5))
    offsets, read = UnfinishedOffsets(first), list[int]()
    unfinished: set[int] = set()
    for gap in gaps:
        offset = (read[-1] if read else first - 1) + gap
        read.append(offset)
        finished = data.draw(st.booleans())
        offsets.read(offset, finished=finished)
        if not finished:
            unfinished.add(offset)
        finishes = data.draw(st.booleans())
        if unfinished and finishes:
            done = data.draw(st.sampled_from(sorted(unfinished)))
            unfinished.remove(done)
            offsets.finish(done)
        expected = min(unfinished) if unfinished else read[-1] + 1
        assert offsets.committable == expected


def test_what_may_wait_does_not_count_as_urgent() -> None:
    offsets = UnfinishedOffsets(0)
    offsets.read(0)
    offsets.read(1, since=EpochMs(5))
    offsets.read(2, since=EpochMs(7))
    offsets.finish(1)
    assert offsets.urgent == [7]
