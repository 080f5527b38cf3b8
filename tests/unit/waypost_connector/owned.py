"""Ownership for tests: sessions held without MongoDB, keys in memory, one producer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from waypost_common.identifiers import OrganizationId, SessionId
from waypost_connector.fences import Hold, Taken, Taking
from waypost_connector.publisher import Sender


def held(session: str, fence: int = 1) -> Hold:
    """A hold that is current until it is overtaken: its clock stands still."""
    hold = Hold(SessionId(session), fence, monotonic=lambda: 0.0)
    hold.see(0.0)
    return hold


@dataclass
class Counters:
    """What all processes share: each session's fence and who holds it."""

    fences: dict[SessionId, int] = field(default_factory=dict)
    holders: dict[SessionId, str | None] = field(default_factory=dict)


@dataclass
class MemoryFences:
    """FenceRecords of one process."""

    holder: str
    counters: Counters
    failure: Exception | None = None
    """Raised by every question while it is set."""
    took: Callable[[], object] = lambda: None
    """Called between the answer of MongoDB and its arrival."""
    misses: set[SessionId] = field(default_factory=set)
    """Sessions that another process takes right after this one has."""

    async def take(self, takings: Sequence[Taking]) -> Mapping[SessionId, Taken]:
        self._answer()
        taken = {}
        for taking in takings:
            session, fences = taking.session, self.counters.fences
            before = self.counters.holders.get(session)
            if taking.only_if_free and before is not None:
                continue
            fences[session] = max(fences.get(session, 0), taking.above) + 1
            self.counters.holders[session] = self.holder
            taken[session] = Taken(fences[session], was_released=before is None)
        self.took()
        return {session: made for session, made in taken.items() if session not in self.misses}

    async def fences(self, sessions: Sequence[SessionId]) -> Mapping[SessionId, int]:
        self._answer()
        held_here = [session for session in sessions if self.counters.holders.get(session) == self.holder]
        fences = {session: self.counters.fences[session] for session in held_here}
        self.took()
        return fences

    async def release(self, fences: Mapping[SessionId, int]) -> None:
        self._answer()
        for session, fence in fences.items():
            if self.counters.holders.get(session) == self.holder and self.counters.fences[session] == fence:
                self.counters.holders[session] = None

    def _answer(self) -> None:
        if self.failure is not None:
            raise self.failure


@dataclass
class OneProducer:
    """Producers that are never given up, but for what a test counts."""

    current: Sender
    renewed: int = 0

    async def renew(self, used: Sender) -> None:
        assert used is self.current
        self.renewed += 1


ORGANIZATION = OrganizationId("org_a")
