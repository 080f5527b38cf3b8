"""What the second dialect of the API needs: sessions by label, and the counters of its rate limit."""

from waypost_common.mongo import MongoDatabase
from waypost_store.generations import known_generations
from waypost_store.schema import ensure_bookkeeping, ensure_projections

DESCRIPTION = "sessions by label, counters of rate limits"


async def apply(database: MongoDatabase) -> None:
    await ensure_bookkeeping(database)
    for generation in await known_generations(database):
        await ensure_projections(database, generation)
