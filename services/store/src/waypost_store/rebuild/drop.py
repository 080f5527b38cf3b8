"""Which generations there are in MongoDB, and the removal of those that nobody reads or writes."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from waypost_common.documents import PROJECTIONS, Collection, collection_name
from waypost_common.generations import QUIET_S, Generations, GenerationState
from waypost_common.mongo import MongoDatabase
from waypost_store.errors import StoreError
from waypost_store.generations import generation_of
from waypost_store.rebuild.records import GenerationRecords
from waypost_store.waiting import Report

LIVE_STATE: Final = "live"
OLD_STATE: Final = "old"


@dataclass(frozen=True, kw_only=True)
class GenerationLine:
    generation: int
    state: str
    documents: int

    def to_json(self) -> dict[str, Any]:
        return {"generation": self.generation, "state": self.state, "documents": self.documents}


def stored_generations(names: Iterable[str]) -> set[int]:
    """By the names of their collections; without those that `waypost verify` compares with."""
    return {number for name in names if (number := generation_of(name)) is not None and number > 0}


def state_of(generation: int, generations: Generations) -> str:
    if generation == generations.live:
        return LIVE_STATE
    return generations.states.get(generation, OLD_STATE)


async def list_generations(database: MongoDatabase) -> list[GenerationLine]:
    generations = await GenerationRecords(database).all()
    numbers = stored_generations(await database.list_collection_names()) | generations.consumed | set(generations.states)
    return [
        GenerationLine(
            generation=one,
            state=state_of(one, generations),
            documents=sum(
                [await database[collection_name(each, one)].estimated_document_count() for each in PROJECTIONS],
            ),
        )
        for one in sorted(numbers)
    ]


async def drop_generations(database: MongoDatabase, report: Report) -> list[int]:
    """Removes all that are neither live nor being made, once nobody can still be at them. Returns which."""
    records = GenerationRecords(database)
    generations = await records.all()
    if generations.live is None:
        raise StoreError("the database is not set up yet: run `waypost migrate` first")
    numbers = stored_generations(await database.list_collection_names()) | set(generations.states)
    droppable = sorted(one for one in numbers if state_of(one, generations) in {OLD_STATE, GenerationState.ABANDONED})
    if not droppable:
        return []
    while (left := QUIET_S - await records.quiet_seconds()) > 0:
        report(f"waiting until nobody reads or writes them any more ({left:.0f} s left)")
        await asyncio.sleep(min(left, 5.0))
    for generation in droppable:
        if state_of(generation, await records.all()) not in {OLD_STATE, GenerationState.ABANDONED}:
            raise StoreError(f"generation {generation} came into use meanwhile: nothing of it was dropped")
        for collection in PROJECTIONS:
            await database.drop_collection(collection_name(collection, generation))
        await database[Collection.POSITIONS].delete_many({"generation": generation})
        await records.forget(generation)
    return droppable


async def abandon(database: MongoDatabase) -> int | None:
    """Gives up the generation that is being made; ingest leaves it within seconds. Returns which, or None."""
    records = GenerationRecords(database)
    states = (await records.all()).states
    under_way = [one for one, state in states.items() if state is not GenerationState.ABANDONED]
    for generation in under_way:
        await records.abandon(generation)
    return max(under_way, default=None)
