"""What a case measured, such as how long until all worked again; it goes into the JUnit report, see `tests.faults.summary`."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Figures:
    def __init__(self, record: Callable[[str, object], None]) -> None:
        """`record`: pytest's `record_property`."""
        self._record = record

    def tell(self, what: str, seconds: float) -> None:
        self._record(what, round(seconds, 2))

    @contextmanager
    def until(self, what: str) -> Iterator[None]:
        """Measures how long the body took, unless it raised."""
        began = time.monotonic()
        yield
        self.tell(what, time.monotonic() - began)
