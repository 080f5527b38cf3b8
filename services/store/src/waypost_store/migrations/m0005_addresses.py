"""Where connectors keep which address names each person's chat."""

from waypost_common.mongo import MongoDatabase
from waypost_store.schema import ensure_bookkeeping

DESCRIPTION = "chosen addresses of people"


async def apply(database: MongoDatabase) -> None:
    await ensure_bookkeeping(database)
