"""The one place that opens MongoDB clients and touches driver-only classes.

Motor and PyMongo's own asyncio client offer the same calls for all that is used here, with one difference that this module
hides: `aggregate` is a coroutine in PyMongo and a plain call in Motor. `MongoSettings.driver` chooses.

What an error of either driver means is decided here too, once for all services: `fault_of`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from inspect import isawaitable
from typing import Any, Final

from motor.motor_asyncio import AsyncIOMotorClient  # noqa: TID251  (this is the module that may)
from pymongo import AsyncMongoClient  # noqa: TID251
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError, WriteConcernError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from waypost_common.consumption import ConsumptionStoppedError, RetryLaterError
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


async def aggregate_page(collection: MongoCollection, pipeline: list[Document], *, at_most: int) -> list[Document]:
    """All that the pipeline gives, which is no more than `at_most`, by one answer of the server."""
    cursor: Any = collection.aggregate(pipeline, batchSize=at_most + 1)
    if isawaitable(cursor):
        cursor = await cursor
    found: list[Document] = await cursor.to_list(at_most)
    return found


class MongoFault(Enum):
    """What kind of failure an error of the driver tells of, and so who can mend it."""

    OUTAGE = "outage"
    """Passes by itself: no answer, no primary, a shutdown, a time-out, a full disk, no majority. The write may have been done."""
    THERE_ALREADY = "there already"
    """A duplicate key, and nothing else: what a guarded upsert says when there is nothing left to do."""
    NOT_ALLOWED = "not allowed"
    """The user, password or rights are wrong: until an operator corrects WAYPOST_MONGO_URL or grants readWrite."""
    REFUSED = "refused"
    """The query, the document or the collections do not fit: trying again cannot help."""


DUPLICATE_KEY: Final = 11_000
_NOT_ALLOWED: Final = frozenset({11, 13, 18, 214, 334, 8_000})
_PASSING: Final = frozenset(
    {
        6, 7, 24, 43, 46, 50, 64, 89, 91, 94, 100, 112, 133, 134, 149, 150, 175, 187, 189, 202, 215, 216, 237, 246, 262, 264, 314,
        317, 365, 371, 384, 402, 407, 433, 449, 450, 453, 462, 9_001, 10_058, 10_107, 11_600, 11_601, 11_602, 13_388, 13_435,
        13_436, 14_031,
    }
)  # fmt: skip
"""Server codes of a change of primary, a lost network, a shutdown, a time-out, a conflict, a killed cursor,
an overload, a full disk (names: src/mongo/base/error_codes.yml of MongoDB)."""
_PASSING_LABELS: Final = ("RetryableWriteError", "TransientTransactionError", "SystemOverloadedError")


def fault_of(error: PyMongoError) -> MongoFault:
    """Pure. Of a bulk write that failed in several ways, what passes counts first, then what was refused."""
    if isinstance(error, BulkWriteError):
        return _fault_of_bulk(error)
    if isinstance(error, ConnectionFailure | WriteConcernError) or error.timeout:
        return MongoFault.OUTAGE
    if any(error.has_error_label(label) for label in _PASSING_LABELS):
        return MongoFault.OUTAGE
    return _fault_of_code(error.code) if isinstance(error, OperationFailure) else MongoFault.REFUSED


def is_outage(error: PyMongoError) -> bool:
    """Whether MongoDB could not do it now, as opposed to not doing it ever."""
    return fault_of(error) is MongoFault.OUTAGE


def retry_or_stop(error: PyMongoError) -> RetryLaterError | ConsumptionStoppedError:
    """What a consumer raises for an error: to try again after an outage, to stop at what trying again cannot mend."""
    what = " ".join((type(error).__name__, *map(str, sorted(_codes(error)))))
    match fault_of(error):
        case MongoFault.OUTAGE:
            return RetryLaterError(f"MongoDB: {what}")
        case MongoFault.NOT_ALLOWED:
            advice = "MongoDB refuses this user: correct WAYPOST_MONGO_URL, or grant it the roles of docs/security.md"
        case MongoFault.THERE_ALREADY | MongoFault.REFUSED:
            advice = "MongoDB refused a query or a document: run `waypost migrate`, then start again"
    return ConsumptionStoppedError(f"{advice} ({what})")


def _codes(error: PyMongoError) -> set[int]:
    if isinstance(error, BulkWriteError):
        failures = [*error.details.get("writeErrors", []), *error.details.get("writeConcernErrors", [])]
        return {failure["code"] for failure in failures if failure.get("code") not in (None, DUPLICATE_KEY)}
    return {error.code} if isinstance(error, OperationFailure) and error.code is not None else set()


def _fault_of_bulk(error: BulkWriteError) -> MongoFault:
    faults = {_fault_of_code(failure.get("code")) for failure in error.details.get("writeErrors", [])}
    for fault in (MongoFault.OUTAGE, MongoFault.NOT_ALLOWED, MongoFault.REFUSED):
        if fault in faults:
            return fault
    return MongoFault.OUTAGE if error.details.get("writeConcernErrors") or not faults else MongoFault.THERE_ALREADY


def _fault_of_code(code: int | None) -> MongoFault:
    if code == DUPLICATE_KEY:
        return MongoFault.THERE_ALREADY
    if code in _NOT_ALLOWED:
        return MongoFault.NOT_ALLOWED
    return MongoFault.OUTAGE if code in _PASSING else MongoFault.REFUSED
