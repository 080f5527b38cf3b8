"""Which copy of the documents is read, and which exist beside it."""

import re
import time
from collections.abc import Callable
from typing import Final

from waypost_common.consumption import ConsumptionStoppedError
from waypost_common.documents import PROJECTIONS, Collection
from waypost_common.mongo import MongoDatabase
from waypost_store.errors import StoreError

_SUFFIX: Final = re.compile(r"^(?P<collection>[a-z_]+?)(?:_g(?P<generation>-?\d+))?$")


async def live_generation(database: MongoDatabase) -> int | None:
    """The generation that every read follows; None before the first migration."""
    pointer = await database[Collection.GENERATIONS].find_one({"_id": "live"})
    return None if pointer is None else int(pointer["generation"])


async def require_live_generation(database: MongoDatabase) -> int:
    """The same for a command. Raises StoreError before the first migration."""
    generation = await live_generation(database)
    if generation is None:
        raise StoreError("the database is not set up yet: run `waypost migrate` first")
    return generation


class LiveGeneration:
    """The same, asked for at most once a second: a generation that was left a moment ago holds the same documents."""

    KNOWN_FOR_S: Final = 1.0

    def __init__(self, database: MongoDatabase, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._known: tuple[float, int] | None = None

    async def number(self) -> int:
        """Raises PyMongoError, and ConsumptionStoppedError before the first migration."""
        now = self._monotonic()
        if self._known is not None and now < self._known[0]:
            return self._known[1]
        generation = await live_generation(self._database)
        if generation is None:
            raise ConsumptionStoppedError("the database is not set up: run `waypost migrate`, then start again")
        self._known = (now + self.KNOWN_FOR_S, generation)
        return generation


async def known_generations(database: MongoDatabase) -> list[int]:
    return sorted({int(document["generation"]) async for document in database[Collection.GENERATIONS].find({})})


def generation_of(name: str) -> int | None:
    """By the name of one of its collections; None where it is no generation's. Below 1 are those of `waypost verify`."""
    found = _SUFFIX.match(name)
    if found is None or found["collection"] not in PROJECTIONS:
        return None
    return int(found["generation"] or 1)
