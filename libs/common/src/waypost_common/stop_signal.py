"""The wish that a loop ends, which also ends what the loop waits for."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Result = TypeVar("Result")


class StopSignal:
    """For one loop: it waits for one thing at a time. Set once, and for good."""

    def __init__(self) -> None:
        self._set = False
        self._wait: asyncio.Timeout | None = None

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        """Cancels what is waited for. May be repeated."""
        if self._wait is not None and not self._set:
            self._wait.reschedule(asyncio.get_running_loop().time())
        self._set = True

    async def unless_set(self, awaited: Awaitable[Result]) -> Result | None:
        """Its result; None where the signal was set first, which cancels it."""
        try:
            async with asyncio.timeout(0 if self._set else None) as self._wait:
                return await awaited
        except TimeoutError:
            if not self._set:
                raise
            return None
        finally:
            self._wait = None
