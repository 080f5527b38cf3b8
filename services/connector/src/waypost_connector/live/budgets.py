"""The send budgets of all sessions. They outlive the process, and follow a session to another one."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Protocol

from waypost_common.clock import now_ms
from waypost_common.identifiers import EpochMs, SessionId
from waypost_connector.live.budget import SendLimit, seconds_until_free

MOST_KEPT: Final = 2_000
"""Sends of one session that are remembered: under a higher limit, what is older counts no more."""


class SentTimes(Protocol):
    """What is asked of `waypost_connector.live.sent_times.StoredSentTimes`."""

    async def read(self, session: SessionId) -> Sequence[EpochMs]:
        """When the session sent, as far back as that is kept. Raises RetryLaterError."""
        ...

    async def add(self, session: SessionId, at: EpochMs, *, keep: int) -> None:
        """Adds a send and forgets all but the newest `keep`. Raises RetryLaterError."""
        ...


class SendBudgets:
    """Read anew for each send: another process may have sent meanwhile, and a send costs more than that anyway."""

    def __init__(self, limits: Sequence[SendLimit], times: SentTimes) -> None:
        self._limits = limits
        self._times = times
        self._keep = min(max(limit.count for limit in limits), MOST_KEPT)
        self._taken: dict[SessionId, list[EpochMs]] = defaultdict(list)
        """Sends that were allowed and are not remembered yet."""
        self._locks: dict[SessionId, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def take(self, session: SessionId) -> float:
        """Counts a send and returns 0, or returns the seconds until one is allowed. Raises RetryLaterError."""
        async with self._locks[session]:
            kept, now = await self._times.read(session), now_ms()
            sent = sorted(min(at, now) / 1_000 for at in (*kept, *self._taken[session]))
            wait = seconds_until_free(sent, self._limits, now / 1_000)
            if not wait:
                self._taken[session].append(now)
            return wait

    def give_back(self, session: SessionId) -> None:
        """The send that was counted is not made."""
        self._taken[session].pop()

    async def keep(self, session: SessionId) -> None:
        """Remembers the send that was counted: it is being made. Raises RetryLaterError, and may then be called again."""
        async with self._locks[session]:
            await self._times.add(session, self._taken[session][0], keep=self._keep)
            del self._taken[session][0]
