"""An answer that is costly to make, made once for all who ask within a moment."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Cached(Generic[T]):
    """Known for `ttl_s` from when making it began; an error is not kept."""

    def __init__(
        self, make: Callable[[], Awaitable[T]], *, ttl_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._make = make
        self._ttl_s = ttl_s
        self._monotonic = monotonic
        self._known: tuple[float, T] | None = None
        self._making = asyncio.Lock()

    async def get(self) -> T:
        """Raises what making it raises."""
        async with self._making:
            begun = self._monotonic()
            if self._known is None or begun >= self._known[0] + self._ttl_s:
                self._known = (begun, await self._make())
            return self._known[1]
