"""Whose a session is, as the documents say: an event that names another organization is told to nobody (rule R8)."""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from waypost_api.events.shown import Summary

MOST: Final = 100_000
AGAIN_S: Final = 1.0
"""So long a session without a document is not asked for again: it is new, and ingest has not come to it yet."""

FindOwners = Callable[[list[str]], Awaitable[Mapping[str, str]]]
"""The organizations of those of these sessions that have a document."""


class Owners:
    """A session never changes hands, so each is asked for once."""

    def __init__(self, find: FindOwners, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._find = find
        self._monotonic = monotonic
        self._known: dict[str, str] = {}
        self._asked: dict[str, float] = {}

    async def learn(self, summaries: Iterable[Summary | None]) -> None:
        """Before these are told to anybody. Raises PyMongoError: then they have to wait."""
        now = self._monotonic()
        sessions = {one.session for one in summaries if one is not None and one.session not in self._known}
        wanted = [session for session in sessions if now >= self._asked.get(session, 0.0) + AGAIN_S]
        if not wanted:
            return
        found = await self._find(wanted)
        if len(self._known) + len(self._asked) > MOST:
            self._known.clear()
            self._asked.clear()
        self._known |= found
        for session in wanted:
            if session in found:
                self._asked.pop(session, None)
            else:
                self._asked[session] = now

    def contradict(self, summary: Summary) -> bool:
        """Whether the session is another organization's than the event says."""
        return self._known.get(summary.session, summary.organization) != summary.organization
