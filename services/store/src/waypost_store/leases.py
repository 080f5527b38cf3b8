"""Leases: a document with an expiry by MongoDB's own clock, renewed while it is held."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from pymongo.errors import DuplicateKeyError

from waypost_common.mongo import MongoCollection

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def take_lease(leases: MongoCollection, name: str, owner: str, *, lease_ms: int) -> bool:
    """Whether `owner` holds the lease now, for `lease_ms` from now. A crashed holder's runs out."""
    with suppress(DuplicateKeyError):  # another process made it at the same moment
        await leases.update_one({"_id": name}, {"$setOnInsert": {"owner": None, "until": LONG_AGO}}, upsert=True)
    taken = await leases.update_one(
        {"_id": name, "$or": [{"owner": owner}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]},
        [{"$set": {"owner": owner, "until": {"$add": ["$$NOW", lease_ms]}}}],
    )
    return taken.matched_count == 1
