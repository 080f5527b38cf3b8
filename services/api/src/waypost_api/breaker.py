"""Keeps requests from queueing up behind a part that does not answer."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from waypost_common.errors import UnavailableError


class Breaker:
    """Closed while the part answers. After a failure one caller a `pause_s` tries; the others are refused at once."""

    def __init__(self, message: str, *, pause_s: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._message = message
        self._pause_s = pause_s
        self._clock = clock
        self._retry_at: float | None = None

    @property
    def is_open(self) -> bool:
        return self._retry_at is not None

    def check(self) -> None:
        """Raises UnavailableError unless this caller may try; a caller who may is the one that tries."""
        if self._retry_at is None:
            return
        if self._clock() < self._retry_at:
            raise UnavailableError(self._message)
        self._retry_at = self._clock() + self._pause_s

    def failed(self) -> None:
        self._retry_at = self._clock() + self._pause_s

    def answered(self) -> None:
        self._retry_at = None

    @contextmanager
    def guard(self, *failures: type[BaseException]) -> Iterator[None]:
        """Runs a block that uses the part; one of `failures` opens the breaker and is raised as UnavailableError."""
        self.check()
        try:
            yield
        except failures as error:
            self.failed()
            raise UnavailableError(self._message) from error
        else:
            self.answered()
