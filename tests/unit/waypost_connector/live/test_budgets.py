"""Budgets that a process hands on to the next."""

from tests.unit.waypost_connector.live.scene import FakeSentTimes

from waypost_common.clock import now_ms
from waypost_common.identifiers import EpochMs, SessionId
from waypost_connector.live.budget import SendLimit
from waypost_connector.live.budgets import SendBudgets

ONE, TWO = SessionId("s1"), SessionId("s2")
LIMITS = (SendLimit(2, 60.0), SendLimit(3, 3_600.0))


async def test_the_next_process_goes_on_with_the_same_budget() -> None:
    times = FakeSentTimes()
    before = SendBudgets(LIMITS, times)
    for _ in range(2):
        assert await before.take(ONE) == 0
        await before.keep(ONE)
    after = SendBudgets(LIMITS, times)
    assert 58 < await after.take(ONE) <= 60
    assert await after.take(TWO) == 0


async def test_sends_that_have_left_the_window_count_no_more_but_in_the_longer_one() -> None:
    times = FakeSentTimes()
    times.of[ONE] = [EpochMs(now_ms() - ago * 1_000) for ago in (4_000, 100, 90)]
    budgets = SendBudgets(LIMITS, times)
    assert await budgets.take(ONE) == 0
    assert 3_490 < await budgets.take(ONE) < 3_510


async def test_a_clock_that_was_ahead_costs_no_more_than_the_window() -> None:
    times = FakeSentTimes()
    times.of[ONE] = [EpochMs(now_ms() + 86_400_000)] * 2
    assert await SendBudgets(LIMITS, times).take(ONE) <= 60


async def test_what_another_process_sent_meanwhile_counts() -> None:
    times = FakeSentTimes()
    budgets = SendBudgets(LIMITS, times)
    assert await budgets.take(ONE) == 0
    times.of[ONE] = [now_ms()]
    assert await budgets.take(ONE) > 0


async def test_a_send_that_is_given_back_costs_nothing() -> None:
    budgets = SendBudgets(LIMITS, FakeSentTimes())
    for _ in range(5):
        assert await budgets.take(ONE) == 0
        budgets.give_back(ONE)


async def test_no_more_is_remembered_than_the_longest_limit_needs() -> None:
    times = FakeSentTimes()
    budgets = SendBudgets(LIMITS, times)
    times.of[ONE] = [EpochMs(number) for number in range(3)]
    assert await budgets.take(ONE) == 0
    await budgets.keep(ONE)
    assert len(times.of[ONE]) == 3
    assert times.of[ONE][0] == 1
