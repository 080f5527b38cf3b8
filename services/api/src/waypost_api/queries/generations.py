"""Which generation reads follow, and which others the next read of a caller may follow around a switch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from waypost_api.metrics import Metrics
from waypost_common.documents import NO_OFFSET, Collection
from waypost_common.generations import LIVE, STALE_S, GenerationState
from waypost_common.mongo import MongoDatabase
from waypost_common.outcomes import Outcome

FORMER_READ_FOR_S: Final = 10.0
"""So long after a switch another replica may read the former generation: the most that WAYPOST_CACHE_GENERATION_MS may be."""
_POINTER: Final = {"generation": True, "making": True, "former": True, "ageMs": {"$subtract": ["$$NOW", "$changedAt"]}}


@dataclass(frozen=True, slots=True)
class _Look:
    at_s: float
    live: int
    ready: int | None
    """The only one that may become live next, once it is ready."""
    former: int | None
    former_until_s: float
    """Then nobody reads that one any more."""


class Generations:
    """The generation that reads follow, known for `ttl_s`."""

    def __init__(
        self, database: MongoDatabase, *, ttl_s: float, metrics: Metrics, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._collection = database[Collection.GENERATIONS]
        self._positions = database[Collection.POSITIONS]
        self._ttl_s = ttl_s
        self._metrics = metrics
        self._monotonic = monotonic
        self._last: _Look | None = None

    async def live(self) -> int:
        last = self._last
        fresh = last is not None and self._monotonic() < last.at_s + self._ttl_s
        self._metrics.cache("generation", hit=fresh)
        return last.live if last is not None and fresh else (await self._look()).live

    async def others(self, generation: int, *, anew: bool = False) -> set[int]:
        """Those that a caller's next read may follow instead of `generation`: empty but around a switch.

        What was seen in the last 2 s counts unless `anew`: one that was not ready by then cannot have become live since.
        """
        last = self._last
        if anew or last is None or self._monotonic() >= last.at_s + STALE_S:
            last = await self._look()
        read = {last.live} if last.ready is None else {last.live, last.ready}
        if last.former is not None and self._monotonic() < last.former_until_s:
            read.add(last.former)
        return read - {generation}

    async def show(self, generation: int, outcome: Outcome) -> bool:
        """Whether the documents of `generation` show an effect that another generation told of; so too once that is dropped."""
        told_by, partition, offset = outcome.generation, outcome.partition, outcome.offset
        if told_by in {None, generation} or partition is None or offset is None:
            return True
        reached: dict[int, int] = {}
        both = [f"{one}|{partition}" for one in (generation, told_by)]
        async for position in self._positions.find({"_id": {"$in": both}}):
            reached[position["generation"]] = position["offset"]
        return told_by not in reached or reached.get(generation, NO_OFFSET) >= offset

    async def _look(self) -> _Look:
        began = self._monotonic()
        pointer: Any = await self._collection.find_one({"_id": LIVE}, _POINTER)
        look = await self._seen(pointer or {"generation": 1}, began)
        last = self._last
        if last is not None and last.at_s > began:
            return last  # of two looks beside each other the later one counts
        self._last = look
        return look

    async def _seen(self, pointer: dict[str, Any], at_s: float) -> _Look:
        live, making, former = pointer["generation"], pointer.get("making"), pointer.get("former")
        return _Look(
            at_s,
            live,
            ready=making if making is not None and making > live and await self._is_ready(making) else None,
            former=former,
            former_until_s=at_s + FORMER_READ_FOR_S - (pointer.get("ageMs") or 0) / 1_000,
        )

    async def _is_ready(self, generation: int) -> bool:
        record: Any = await self._collection.find_one({"_id": f"g{generation}"})
        return record is not None and record.get("state") == GenerationState.READY.value
