"""The record of a generation that is made, and the pointer to the live one."""

from collections.abc import Iterable
from typing import Final

from pymongo import ReturnDocument

from waypost_common.documents import Collection
from waypost_common.generations import LIVE, Generations, GenerationState, generations_of
from waypost_common.mongo import Document, MongoDatabase, aggregate
from waypost_store.errors import StoreError
from waypost_store.leases import LONG_AGO

NOW: Final = "$$NOW"


class GenerationRecords:
    """Every method raises PyMongoError."""

    def __init__(self, database: MongoDatabase) -> None:
        self._collection = database[Collection.GENERATIONS]

    async def all(self) -> Generations:
        return generations_of([document async for document in self._collection.find({})])

    async def take_number(self, known: Iterable[int]) -> int:
        """One that no generation ever had, and none will have again. `known`: numbers that are in use.

        A process that was stopped may go on with a number long after that was dropped: what it does there concerns nobody else.
        """
        number = {"$add": [{"$max": ["$newest", "$generation", *known]}, 1]}
        pointer = await self._collection.find_one_and_update(
            {"_id": LIVE}, [{"$set": {"newest": number, "making": number}}], return_document=ReturnDocument.AFTER
        )
        if pointer is None:
            raise StoreError("the database is not set up yet: run `waypost migrate` first")
        return int(pointer["newest"])

    async def begin(self, generation: int, *, carried: list[int]) -> None:
        """Records one that has a number of its own as `preparing`."""
        fields: Document = {"generation": generation, "state": GenerationState.PREPARING.value, "carried": carried}
        await self._collection.update_one({"_id": f"g{generation}"}, [{"$set": fields | {"changedAt": NOW}}], upsert=True)

    async def move(self, generation: int, state: GenerationState, *, out_of: Iterable[GenerationState]) -> None:
        """Raises StoreError when it is in no such state any more."""
        expected = {"_id": f"g{generation}", "state": {"$in": [one.value for one in out_of]}}
        moved = await self._collection.update_one(expected, [{"$set": {"state": state.value, "changedAt": NOW}}])
        if moved.matched_count == 0:
            raise StoreError(f"generation {generation} was abandoned meanwhile: run this again")

    async def abandon(self, generation: int) -> None:
        """It can never become live after this, also where somebody is about to make it so."""
        none = {"_id": LIVE, "making": {"$in": [generation, None]}}
        await self._collection.update_one(none, {"$set": {"making": None}})
        await self.move(generation, GenerationState.ABANDONED, out_of=GenerationState)

    async def make_live(self, generation: int, *, instead_of: int) -> None:
        """The one write that switches reads. Raises StoreError when another was made live meanwhile, or this one abandoned."""
        # An earlier version records none that is being made.
        possible = {"_id": LIVE, "generation": instead_of, "$or": [{"making": generation}, {"making": {"$exists": False}}]}
        fields: Document = {"generation": generation, "former": instead_of, "changedAt": NOW}
        switched = await self._collection.update_one(possible, [{"$set": fields}])
        if switched.matched_count == 0:
            raise StoreError(
                f"generation {generation} was abandoned meanwhile, or another became live: look at `waypost generations list`"
            )

    async def forget(self, generation: int) -> None:
        """Its number stays taken."""
        await self._collection.delete_one({"_id": f"g{generation}"})

    async def quiet_seconds(self) -> float:
        """How long ago the pointer or a state was last set, by MongoDB's clock."""
        pipeline = [{"$set": {"ageMs": {"$subtract": [NOW, {"$ifNull": ["$changedAt", LONG_AGO]}]}}}]
        ages = [int(document["ageMs"]) async for document in aggregate(self._collection, pipeline)]
        return min(ages, default=0) / 1_000
