"""One `waypost migrate` at a time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from waypost_common.documents import Collection
from waypost_common.mongo import MongoDatabase
from waypost_store.errors import StoreError
from waypost_store.leases import first_of, take_lease
from waypost_store.waiting import Report

LEASE_ID = "lease"
LEASE_MS = 30_000
RENEW_S = 10.0
RETRY_S = 0.3
TELL_S = 10.0


@asynccontextmanager
async def migration_lease(database: MongoDatabase, *, report: Report) -> AsyncIterator[None]:
    """Waits for its turn, for as long as another is at work: an index may take its time. A crashed holder's lease runs out."""
    owner = uuid4().hex
    tell_at = 0.0
    while not await _take(database, owner):
        if time.monotonic() >= tell_at:
            report("waiting for another `waypost migrate`")
            tell_at = time.monotonic() + TELL_S
        await asyncio.sleep(RETRY_S)
    try:
        async with asyncio.TaskGroup() as tasks:
            renewal = tasks.create_task(_renew(database, owner), name="migration-lease")
            try:
                yield
            finally:
                renewal.cancel()
    except ExceptionGroup as errors:
        raise first_of(errors) from None
    finally:
        await database[Collection.MIGRATIONS].delete_one({"_id": LEASE_ID, "owner": owner})


async def _take(database: MongoDatabase, owner: str) -> bool:
    return await take_lease(database[Collection.MIGRATIONS], LEASE_ID, owner, lease_ms=LEASE_MS)


async def _renew(database: MongoDatabase, owner: str) -> None:
    while True:
        await asyncio.sleep(RENEW_S)
        if not await _take(database, owner):
            raise StoreError("another `waypost migrate` took over because this one was slow: run it again")
