"""What a generation is at the moment, and what follows for whoever folds the log into it."""

import time
from collections.abc import Callable
from enum import Enum
from typing import Final

STALE_S: Final = 5.0
"""Who has not been able to look for so long may have missed a switch."""


class Role(Enum):
    LIVE = "live"
    FORMER = "former"
    """Live until a moment ago: some replicas of the API still read it."""
    READY = "ready"
    BUILDING = "building"


class Standing:
    """The newest that is known of one generation."""

    def __init__(self, role: Role, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen = monotonic()
        self.role = role

    def see(self, role: Role) -> None:
        self.role = role
        self._seen = self._monotonic()

    @property
    def tells_outcomes(self) -> bool:
        """In doubt yes: an outcome too many harms nobody, since callers take those of the generation that they read."""
        return self.role is not Role.BUILDING or self._monotonic() - self._seen > STALE_S

    @property
    def buries(self) -> bool:
        """Whether dead letters are published and counted. The log's old ones were, when the live generation read them."""
        return self.role in {Role.LIVE, Role.FORMER}
