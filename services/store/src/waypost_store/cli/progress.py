"""How a command that takes its time tells how far it is."""

import asyncio
import time
from typing import Final

from waypost_store.cli.output import progress

REPORT_SECONDS: Final = 1.0


class ProgressOutput:
    """One line a second on standard error, and one when interrupted: `advice` says what that means."""

    def __init__(self, advice: str) -> None:
        self._advice = advice
        self._latest: str | None = None
        self._told = time.monotonic()

    def __enter__(self) -> "ProgressOutput":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, asyncio.CancelledError) and self._latest is not None:
            progress(f"interrupted after {self._latest}: {self._advice}")

    def report(self, line: str) -> None:
        self._latest = line
        if time.monotonic() - self._told >= REPORT_SECONDS:
            self._told = time.monotonic()
            progress(line)
