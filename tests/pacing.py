"""Time that belongs to what is tested: the rate of a load, how long a fault lasts. Never a wait for something to happen.

That is for `tests.processes.eventually`. No other module of the tests sleeps (tests/unit/architecture/test_waiting.py).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

Item = TypeVar("Item")


async def paced(items: Iterable[Item], *, a_second: float) -> AsyncIterator[Item]:
    """Each item not before its turn, counted from the first one: what one of them took too long is made up for by the next."""
    started = time.monotonic()
    for number, item in enumerate(items):
        await moment(started + number / a_second)
        yield item


async def moment(monotonic_seconds: float) -> None:
    """Returns at that time of `time.monotonic`, at once when it has passed."""
    await asyncio.sleep(max(0.0, monotonic_seconds - time.monotonic()))


async def pause(seconds: float) -> None:
    await asyncio.sleep(seconds)
