"""Operations, keys, devices, positions, and the pointer to the generation that is read."""

from waypost_common.documents import Collection, GenerationDocument
from waypost_common.mongo import MongoDatabase
from waypost_store.schema import ensure_bookkeeping

DESCRIPTION = "collections of the bookkeeping, and the live generation"


async def apply(database: MongoDatabase) -> None:
    await ensure_bookkeeping(database)
    pointer = GenerationDocument(_id="live", generation=1)
    await database[Collection.GENERATIONS].update_one({"_id": "live"}, {"$setOnInsert": pointer}, upsert=True)
