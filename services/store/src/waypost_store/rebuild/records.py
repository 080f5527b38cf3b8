"""The record of a generation that is made, and the pointer to the live one."""

from typing import Final

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

    async def set_state(self, generation: int, state: GenerationState, *, carried: list[int] | None = None) -> None:
        fields: Document = {"generation": generation, "state": state.value, "changedAt": NOW}
        if carried is not None:
            fields["carried"] = carried
        await self._collection.update_one({"_id": f"g{generation}"}, [{"$set": fields}], upsert=True)

    async def make_live(self, generation: int, *, instead_of: int) -> None:
        """The one write that switches reads. Raises StoreError when another was made live meanwhile."""
        switched = await self._collection.update_one(
            {"_id": LIVE, "generation": instead_of}, [{"$set": {"generation": generation, "changedAt": NOW}}]
        )
        if switched.matched_count == 0:
            raise StoreError("another generation became live meanwhile: look at `waypost generations list`")

    async def forget(self, generation: int) -> None:
        await self._collection.delete_one({"_id": f"g{generation}"})

    async def quiet_seconds(self) -> float:
        """How long ago the pointer or a state was last set, by MongoDB's clock."""
        pipeline = [{"$set": {"ageMs": {"$subtract": [NOW, {"$ifNull": ["$changedAt", LONG_AGO]}]}}}]
        ages = [int(document["ageMs"]) async for document in aggregate(self._collection, pipeline)]
        return min(ages, default=0) / 1_000
