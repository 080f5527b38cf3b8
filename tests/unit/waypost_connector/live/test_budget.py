"""How often a session may send."""

from hypothesis import given
from hypothesis import strategies as st

from waypost_connector.live.budget import SendBudget, SendLimit

MINUTE, HOUR = SendLimit(3, 60.0), SendLimit(5, 3_600.0)


def test_as_many_as_a_window_allows_go_out_at_once() -> None:
    budget = SendBudget([MINUTE])
    assert [budget.take(100.0) for _ in range(4)] == [True, True, True, False]


def test_the_wait_is_until_the_oldest_send_leaves_its_window() -> None:
    budget = SendBudget([MINUTE])
    for at in (0.0, 10.0, 20.0):
        budget.take(at)
    assert budget.seconds_until_free(25.0) == 35.0
    assert budget.seconds_until_free(60.0) == 0.0


def test_the_stricter_of_two_windows_decides() -> None:
    budget = SendBudget([MINUTE, HOUR])
    for at in (0.0, 100.0, 200.0, 300.0, 400.0):
        assert budget.take(at)
    assert budget.seconds_until_free(1_000.0) == 2_600.0


def test_a_send_that_was_not_made_is_given_back() -> None:
    budget = SendBudget([SendLimit(1, 60.0)])
    assert budget.take(0.0)
    budget.give_back()
    assert budget.take(0.0)


@given(
    waits=st.lists(st.floats(min_value=0, max_value=100, allow_nan=False), max_size=80),
    counts=st.tuples(st.integers(1, 5), st.integers(1, 10)),
)
def test_no_window_ever_holds_more_sends_than_its_limit(waits: list[float], counts: tuple[int, int]) -> None:
    limits = [SendLimit(counts[0], 60.0), SendLimit(counts[1], 600.0)]
    budget, now, sent = SendBudget(limits), 0.0, list[float]()
    for wait in waits:
        now += wait
        if budget.take(now):
            sent.append(now)
    for limit in limits:
        for start in sent:
            assert sum(start <= at < start + limit.seconds for at in sent) <= limit.count


@given(gaps=st.lists(st.integers(0, 30), max_size=40), count=st.integers(1, 5))
def test_after_the_announced_wait_a_send_is_allowed_and_not_before(gaps: list[int], count: int) -> None:
    budget, now = SendBudget([SendLimit(count, 60.0)]), 0.0
    for gap in gaps:
        now += gap
        wait = budget.seconds_until_free(now)
        if wait:
            assert budget.seconds_until_free(now + wait / 2) > 0
            now += wait
        assert budget.take(now)
