"""Which sessions this process owns: those whose live commands lie in partitions that Kafka has given to it."""

import time
from collections.abc import Callable, Collection

from waypost_common.identifiers import SessionId
from waypost_connector.partitions import partition_of


class Assignment:
    """What the connectors' consumer group says of this member.

    A rebalance takes all partitions away for a moment and gives most of them back: sessions are kept through it, and are let go
    only when the session timeout has passed by then, since the group may have given them to another.
    """

    def __init__(self, *, session_timeout_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._session_timeout_s = session_timeout_s
        self._monotonic = monotonic
        self._partitions: frozenset[int] = frozenset()
        self._count = 0
        self._revoked_at: float | None = None
        self.generation = 0
        """Rises with every assignment."""

    def assigned(self, partitions: Collection[int], *, count: int) -> None:
        """These, of so many."""
        self._partitions = frozenset(partitions)
        self._count = count
        self._revoked_at = None
        self.generation += 1

    def revoked(self) -> None:
        if self._revoked_at is None:
            self._revoked_at = self._monotonic()

    def owns(self, session: SessionId) -> bool:
        if self._revoked_at is not None and self._monotonic() - self._revoked_at > self._session_timeout_s:
            return False
        return bool(self._partitions) and partition_of(session.encode(), self._count) in self._partitions
