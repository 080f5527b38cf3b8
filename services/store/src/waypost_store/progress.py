"""How far a long run over the log is, how fast, and how long it still takes."""

import time
from collections.abc import Callable
from typing import Final

from waypost_store.waiting import Report

EVERY_S: Final = 1.0
RATE_OVER_S: Final = 20.0


class Progress:
    """Reports a line at most once a second. `total` may grow: the log does."""

    def __init__(self, report: Report, what: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._report = report
        self._what = what
        self._monotonic = monotonic
        self._told = monotonic()
        self._looks = [(monotonic(), 0)]
        self.done = 0
        self.total = 0

    def advance(self, count: int) -> None:
        self.reach(self.done + count)

    def reach(self, done: int) -> None:
        self.done = done
        now = self._monotonic()
        if now - self._told >= EVERY_S:
            self._told = now
            self._report(self.line())

    def line(self) -> str:
        return f"{self.done:,} of {self.total:,} {self._what}{self._pace()}"

    def _pace(self) -> str:
        rate = self.rate()
        if rate <= 0:
            return ""
        return f", {rate:,.0f} a second, {duration(max(0, self.total - self.done) / rate)} left"

    def rate(self) -> float:
        """A second, over the last RATE_OVER_S."""
        now = self._monotonic()
        self._looks.append((now, self.done))
        while len(self._looks) > 2 and now - self._looks[0][0] > RATE_OVER_S:
            del self._looks[0]
        since, done = self._looks[0]
        return (self.done - done) / (now - since) if now > since else 0.0


def duration(seconds: float) -> str:
    """`42 s`, `3 min 5 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60} min"
