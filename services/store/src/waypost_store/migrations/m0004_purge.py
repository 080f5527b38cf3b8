"""What the purge needs: chats that were deleted, and the lease that lets one store at a time do it."""

from waypost_common.mongo import MongoDatabase
from waypost_store.generations import known_generations
from waypost_store.schema import ensure_bookkeeping, ensure_projections

DESCRIPTION = "chats that were deleted, leases"


async def apply(database: MongoDatabase) -> None:
    await ensure_bookkeeping(database)
    for generation in await known_generations(database):
        await ensure_projections(database, generation)
