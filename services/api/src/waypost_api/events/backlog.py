"""What a stream has to tell and its client has not taken yet: bounded. Pure."""

from collections import deque
from typing import NamedTuple


class Waiting(NamedTuple):
    partition: int
    offset: int
    body: bytes


class Backlog:
    """Holds at most so many events and bytes; one more makes it overflow, for good, and lets go of all it held."""

    def __init__(self, *, most_events: int, most_bytes: int) -> None:
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._waiting: deque[Waiting] = deque()
        self._bytes = 0
        self.overflowed = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def size(self) -> int:
        """In bytes."""
        return self._bytes

    def offer(self, one: Waiting) -> bool:
        """Whether there was room. An event alone is taken however large it is."""
        if self.overflowed:
            return False
        too_large = self._bytes + len(one.body) > self._most_bytes
        if self._waiting and (too_large or len(self._waiting) >= self._most_events):
            self.overflowed = True
            self._waiting.clear()
            self._bytes = 0
            return False
        self._waiting.append(one)
        self._bytes += len(one.body)
        return True

    def take(self, most_bytes: int) -> list[Waiting]:
        """The oldest, in order: at least one where there is one."""
        taken: list[Waiting] = []
        size = 0
        while self._waiting and (not taken or size + len(self._waiting[0].body) <= most_bytes):
            one = self._waiting.popleft()
            size += len(one.body)
            taken.append(one)
        self._bytes -= size
        return taken
