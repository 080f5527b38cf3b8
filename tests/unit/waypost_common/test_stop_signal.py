"""A signal ends the loop that waits, at once."""

import asyncio

import pytest

from waypost_common.stop_signal import StopSignal


async def test_what_ends_before_the_signal_gives_its_result() -> None:
    async def find() -> str:
        return "found"

    assert await StopSignal().unless_set(find()) == "found"


async def test_the_signal_cancels_what_is_waited_for() -> None:
    stop, begun, cancelled = StopSignal(), asyncio.Event(), asyncio.Event()

    async def wait_for_ever() -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return "never"

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(stop.unless_set(wait_for_ever()), name="waiting")
        await begun.wait()
        stop.set()
        stop.set()
    assert (waiting.result(), cancelled.is_set(), stop.is_set()) == (None, True, True)


async def test_nothing_is_waited_for_once_it_is_set() -> None:
    stop = StopSignal()
    stop.set()
    async with asyncio.timeout(5):
        assert await stop.unless_set(asyncio.Event().wait()) is None


async def test_a_wait_that_runs_out_of_time_by_itself_is_told() -> None:
    async def run_out() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await StopSignal().unless_set(run_out())


async def test_being_cancelled_from_outside_is_no_signal() -> None:
    stop, begun = StopSignal(), asyncio.Event()

    async def wait_for_ever() -> None:
        begun.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(stop.unless_set(wait_for_ever()), name="waiting")
        await begun.wait()
        waiting.cancel()
    assert waiting.cancelled()
    assert not stop.is_set()
