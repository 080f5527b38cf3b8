"""Whether what an outcome tells of can be read already, whichever generation the caller's next read follows."""

import asyncio
from collections.abc import Callable
from typing import Final

import pymongo
from pymongo.errors import PyMongoError
from starlette.requests import ClientDisconnect

from waypost_api.commands.publication import unanswered
from waypost_api.queries.generations import Generations
from waypost_common.mongo import is_outage
from waypost_common.outcomes import Outcome, OutcomeStatus

LOOK_S: Final = 0.02
PATIENCE_S: Final = 1.0
"""So long is a generation waited for that nobody reads yet, or only who has not heard of a switch: it may stand still."""

Gone = asyncio.Future[None]
"""Done once the client has closed its connection."""


class Visibility:
    def __init__(self, generations: Generations, *, database_timeout_s: float, monotonic: Callable[[], float]) -> None:
        self._generations = generations
        self._database_timeout_s = database_timeout_s
        self._monotonic = monotonic

    async def shown_in(self, generation: int, outcome: Outcome) -> bool:
        """At a switch of generations the record may tell of the other one's documents, and these may be behind."""
        if outcome.status is not OutcomeStatus.SUCCEEDED:
            return True
        with pymongo.timeout(self._database_timeout_s):
            return await self._generations.show(generation, outcome)

    async def until_shown(self, outcome: Outcome, *, generation: int, ends: float, gone: Gone) -> Outcome:
        """Returns the outcome, which `generation` shows, once every other that may be read just now shows it too.

        That is at once, but around a switch. `ends`: by the monotonic clock, s. Raises UnavailableError when by then the live
        generation does not show it, and ClientDisconnect. One that is not live yet is not waited for longer than a second: it
        becomes so only when it shows all that was told.
        """
        patience_ends, anew = self._monotonic() + PATIENCE_S, False
        while behind := await self._behind(outcome, generation, anew=anew):
            now, anew = self._monotonic(), True
            if now >= patience_ends and await self._generations.live() not in behind:
                break
            if now >= ends:
                raise unanswered(outcome.command, "it is done, but cannot be read yet; the operation tells of it")
            await asyncio.wait({gone}, timeout=LOOK_S)
            if gone.done():
                raise ClientDisconnect
        return outcome

    async def _behind(self, outcome: Outcome, generation: int, *, anew: bool) -> set[int]:
        if outcome.status is not OutcomeStatus.SUCCEEDED:
            return set()
        try:
            with pymongo.timeout(self._database_timeout_s):
                others = await self._generations.others(generation, anew=anew)
                return {one for one in others if not await self._generations.show(one, outcome)}
        except PyMongoError as error:
            if not is_outage(error):
                raise
            return set()  # nobody switches, or reads, while MongoDB is away
