"""What a generation is at the moment, and what follows for whoever folds the log into it."""

import time
from collections.abc import Callable
from enum import Enum

from waypost_common.generations import STALE_S


class Role(Enum):
    LIVE = "live"
    FORMER = "former"
    """Live until a moment ago: some replicas of the API still read it."""
    READY = "ready"
    BUILDING = "building"


class Standing:
    """The newest that is known of one generation."""

    def __init__(self, role: Role, *, at: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`at` is when the look began that showed the role, by the same clock."""
        self._monotonic = monotonic
        self._seen = at
        self.role = role

    def see(self, role: Role, *, at: float) -> None:
        """As at the start. What changed after the look had begun may not have been in it."""
        self.role = role
        self._seen = at

    @property
    def tells_outcomes(self) -> bool:
        """In doubt yes: an outcome too many harms nobody, since callers take those of the generation that they read."""
        return self.role is not Role.BUILDING or self._monotonic() - self._seen > STALE_S

    @property
    def buries(self) -> bool:
        """Whether dead letters are published and counted. The log's old ones were, when the live generation read them."""
        return self.role in {Role.LIVE, Role.FORMER}
