"""The one place that opens MongoDB clients and touches driver-only classes.

Motor and PyMongo's own asyncio client offer the same calls for all that is used here, with one difference that this module
hides: `aggregate` is a coroutine in PyMongo and a plain call in Motor. `MongoSettings.driver` chooses.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient  # noqa: TID251  (this is the module that may)
from pymongo import AsyncMongoClient  # noqa: TID251
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from waypost_common.settings import MongoSettings

Document = dict[str, Any]
MongoClient = AsyncMongoClient[Document]
MongoDatabase = AsyncDatabase[Document]
MongoCollection = AsyncCollection[Document]
"""The types of PyMongo's client stand for both drivers: what is called here is the same."""

MAJORITY = WriteConcern(w="majority", wtimeout=10_000)


@asynccontextmanager
async def open_client(settings: MongoSettings, *, application: str) -> AsyncIterator[MongoClient]:
    """A client for the lifespan of a service. Writes are acknowledged by a majority; nothing is contacted before first use."""
    options: dict[str, Any] = {
        "appname": application,
        "serverSelectionTimeoutMS": settings.server_selection_timeout_ms,
        "connectTimeoutMS": settings.server_selection_timeout_ms,
        "maxPoolSize": settings.max_pool_size,
        "retryWrites": True,
        "w": "majority",
        "wtimeoutMS": 10_000,
        "tz_aware": True,
        "compressors": [],
    }
    client: Any
    if settings.driver == "motor":
        client = AsyncIOMotorClient(settings.url.get_secret_value(), **options)
    else:
        client = AsyncMongoClient(settings.url.get_secret_value(), **options)
    try:
        yield client
    finally:
        closing = client.close()
        if isawaitable(closing):
            await closing


def open_database(client: MongoClient, settings: MongoSettings) -> MongoDatabase:
    """The database with majority writes, read back as this client wrote it."""
    return client.get_database(settings.database, write_concern=MAJORITY, read_concern=ReadConcern("local"))


async def aggregate(collection: MongoCollection, pipeline: list[Document]) -> AsyncIterator[Document]:
    cursor: Any = collection.aggregate(pipeline)
    if isawaitable(cursor):
        cursor = await cursor
    async for document in cursor:
        yield document
