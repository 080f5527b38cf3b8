"""Leases: a document with an expiry by MongoDB's own clock, renewed while it is held."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from pymongo.errors import DuplicateKeyError

from waypost_common.mongo import MongoCollection
from waypost_store.errors import StoreError

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
HELD_MS: Final = 15_000
RENEW_S: Final = 5.0


async def take_lease(leases: MongoCollection, name: str, owner: str, *, lease_ms: int) -> bool:
    """Whether `owner` holds the lease now, for `lease_ms` from now. A crashed holder's runs out."""
    with suppress(DuplicateKeyError):  # another process made it at the same moment
        await leases.update_one({"_id": name}, {"$setOnInsert": {"owner": None, "until": LONG_AGO}}, upsert=True)
    taken = await leases.update_one(
        {"_id": name, "$or": [{"owner": owner}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]},
        [{"$set": {"owner": owner, "until": {"$add": ["$$NOW", lease_ms]}}}],
    )
    return taken.matched_count == 1


@asynccontextmanager
async def held_lease(leases: MongoCollection, name: str, *, busy: str) -> AsyncIterator[None]:
    """Raises StoreError(`busy`) when another holds it, and ends what runs under it when another took it over."""
    owner = uuid4().hex
    if not await take_lease(leases, name, owner, lease_ms=HELD_MS):
        raise StoreError(busy)

    async def renew() -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            if not await take_lease(leases, name, owner, lease_ms=HELD_MS):
                raise StoreError(busy)

    try:
        async with asyncio.TaskGroup() as tasks:
            renewal = tasks.create_task(renew(), name=f"lease of {name}")
            try:
                yield
            finally:
                renewal.cancel()
    except* Exception as errors:  # noqa: BLE001  (raised again)
        # The first tells why; what it cancelled has nothing to add.
        first: BaseException = errors
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
    finally:
        await leases.delete_one({"_id": name, "owner": owner})
