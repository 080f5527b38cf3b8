"""How often a session may send."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from waypost_connector.live.budget import SendLimit, seconds_until_free

MINUTE, HOUR = SendLimit(3, 60.0), SendLimit(5, 3_600.0)


def sends(limits: Sequence[SendLimit], moments: Sequence[float]) -> list[float]:
    """Those of the moments at which a session that tries each of them may send."""
    sent: list[float] = []
    for now in moments:
        if not seconds_until_free(sent, limits, now):
            sent.append(now)
    return sent


def test_as_many_as_a_window_allows_go_out_at_once() -> None:
    assert sends([MINUTE], [100.0] * 4) == [100.0] * 3


def test_the_wait_is_until_the_oldest_send_leaves_its_window() -> None:
    sent = (0.0, 10.0, 20.0)
    assert seconds_until_free(sent, [MINUTE], 25.0) == 35.0
    assert seconds_until_free(sent, [MINUTE], 60.0) == 0.0


def test_the_stricter_of_two_windows_decides() -> None:
    sent = sends([MINUTE, HOUR], (0.0, 100.0, 200.0, 300.0, 400.0))
    assert len(sent) == 5
    assert seconds_until_free(sent, [MINUTE, HOUR], 1_000.0) == 2_600.0


@given(
    waits=st.lists(st.floats(min_value=0, max_value=100, allow_nan=False), max_size=80),
    counts=st.tuples(st.integers(1, 5), st.integers(1, 10)),
)
def test_no_window_ever_holds_more_sends_than_its_limit(waits: list[float], counts: tuple[int, int]) -> None:
    limits = [SendLimit(counts[0], 60.0), SendLimit(counts[1], 600.0)]
    sent = sends(limits, [sum(waits[: place + 1]) for place in range(len(waits))])
    for limit in limits:
        for start in sent:
            assert sum(start <= at < start + limit.seconds for at in sent) <= limit.count


@given(gaps=st.lists(st.integers(0, 30), max_size=40), count=st.integers(1, 5))
def test_after_the_announced_wait_a_send_is_allowed_and_not_before(gaps: list[int], count: int) -> None:
    sent, limits, now = list[float](), [SendLimit(count, 60.0)], 0.0
    for gap in gaps:
        now += gap
        wait = seconds_until_free(sent, limits, now)
        if wait:
            assert seconds_until_free(sent, limits, now + wait / 2) > 0
            now += wait
        assert seconds_until_free(sent, limits, now) == 0
        sent.append(now)
