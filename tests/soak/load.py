"""What a soak's system has to do: events that arrive steadily, and callers who read and write."""

import asyncio
from collections.abc import Sequence
from typing import Final

import httpx
from tests.faults.history import BURST, History
from tests.faults.mixed_load import Caller, Told
from tests.pacing import paced
from tests.plugins.pipeline import Pipeline

from waypost_common.identifiers import Jid, SessionId

ARRIVALS_A_SECOND: Final = 30
CALLERS_OF_A_SESSION: Final = 2


class Arrivals:
    """A history, published on and on from where it was left."""

    def __init__(self, pipeline: Pipeline, history: History) -> None:
        self._pipeline = pipeline
        self._history = history
        self._next = 0

    async def publish(self, over: asyncio.Event) -> None:
        rest = range(self._next, len(self._history.events), BURST)
        async for first in paced(rest, a_second=ARRIVALS_A_SECOND / BURST):
            if over.is_set():
                return
            await self._pipeline.publish(self._history.events[first : first + BURST], self._history.headers_of)
            self._next = first + BURST
        raise AssertionError("the history was too short")


def make_callers(replicas: Sequence[httpx.AsyncClient], chats: dict[SessionId, list[Jid]], told: Told, seed: int) -> list[Caller]:
    """New ones each minute: what the former ones knew was checked, and lists of what they sent grow no longer than a page."""
    return [
        Caller(replicas, session, own[number::CALLERS_OF_A_SESSION], told, seed=seed * 1_000 + 100 * order + number)
        for order, (session, own) in enumerate(chats.items())
        for number in range(CALLERS_OF_A_SESSION)
    ]
