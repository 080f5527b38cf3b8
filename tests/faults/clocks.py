"""Clocks of processes that tests set wrong, before they start and while they run."""

import struct
from collections.abc import Iterable
from pathlib import Path

PATCH = Path(__file__).with_name("wrong_clock")
NANOSECONDS = 1_000_000_000


class Clocks:
    """One for each program. `environment` is for the processes that shall have them."""

    def __init__(self, folder: Path, programs: Iterable[str]) -> None:
        self._folder = folder
        folder.mkdir()
        for program in programs:
            self.set(program, ahead_s=0)

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(PATCH), "WAYPOST_TEST_CLOCKS": str(self._folder)}

    def set(self, program: str, *, ahead_s: float) -> None:
        """At once, in every process of the program. Negative: behind."""
        file = self._folder / program
        with file.open("r+b" if file.exists() else "wb") as opened:
            opened.write(struct.pack("<q", round(ahead_s * NANOSECONDS)))
