"""Which process runs under each connector's name, and which sessions have device keys."""

from waypost_common.mongo import MongoDatabase
from waypost_store.schema import ensure_bookkeeping

DESCRIPTION = "processes of connectors"


async def apply(database: MongoDatabase) -> None:
    await ensure_bookkeeping(database)
