"""The documents that ingest writes, for every generation that exists."""

from waypost_common.mongo import MongoDatabase
from waypost_store.generations import known_generations
from waypost_store.schema import ensure_projections

DESCRIPTION = "collections of the projections, with validators and indexes"


async def apply(database: MongoDatabase) -> None:
    for generation in await known_generations(database):
        await ensure_projections(database, generation)
