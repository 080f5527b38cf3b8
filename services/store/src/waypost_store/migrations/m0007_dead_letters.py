"""Which dead letters were replayed or dropped."""

from waypost_common.mongo import MongoDatabase
from waypost_store.schema import ensure_bookkeeping

DESCRIPTION = "dead letters that are settled"


async def apply(database: MongoDatabase) -> None:
    await ensure_bookkeeping(database)
