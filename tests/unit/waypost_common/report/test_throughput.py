import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost_common.report.throughput import Spread, spread


@pytest.mark.parametrize(
    ("durations", "p50", "p99"),
    [([7], 7, 7), ([1, 2], 1, 2), (list(range(1, 101)), 50, 99), (list(range(1, 1_001)), 500, 990), ([5] * 99 + [900], 5, 5)],
)
def test_a_percentile_is_one_of_the_durations_by_nearest_rank(durations: list[int], p50: int, p99: int) -> None:
    assert spread(durations) == Spread(count=len(durations), p50_ms=p50, p99_ms=p99)


def test_of_nothing_there_is_no_percentile() -> None:
    assert spread([]) == Spread(count=0, p50_ms=None, p99_ms=None)


@given(st.lists(st.integers(0, 10_000), min_size=1))
def test_so_many_durations_are_no_longer_than_a_percentile(durations: list[int]) -> None:
    found = spread(durations)
    for percent, value in ((50, found.p50_ms), (99, found.p99_ms)):
        assert value in durations
        assert sum(one <= value for one in durations) * 100 >= percent * len(durations)
