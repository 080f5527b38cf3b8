"""Which copy of the documents is read, and which exist beside it."""

from waypost_common.documents import Collection
from waypost_common.mongo import MongoDatabase


async def live_generation(database: MongoDatabase) -> int | None:
    """The generation that every read follows; None before the first migration."""
    pointer = await database[Collection.GENERATIONS].find_one({"_id": "live"})
    return None if pointer is None else int(pointer["generation"])


async def known_generations(database: MongoDatabase) -> list[int]:
    return sorted({int(document["generation"]) async for document in database[Collection.GENERATIONS].find({})})
