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


class Lease:
    """One that was taken. A process that was stopped for longer than it lasts finds out that it is lost only when it asks."""

    def __init__(self, leases: MongoCollection, name: str, owner: str) -> None:
        self._leases = leases
        self._name = name
        self._mine = {"_id": name, "owner": owner}

    async def require(self) -> None:
        """Renews it. Raises StoreError when anybody else has, or has had it since: when it returns, nobody had up to its call."""
        renewed = await self._leases.update_one(self._mine, [{"$set": {"until": {"$add": ["$$NOW", HELD_MS]}}}])
        if renewed.matched_count == 0:
            raise StoreError(
                f"another `waypost {self._name}` took over while this one stood still: look there, or run this again"
            )

    async def keep(self) -> None:
        """Until cancelled. Raises StoreError when it is lost."""
        while True:
            await asyncio.sleep(RENEW_S)
            await self.require()

    async def give_back(self) -> None:
        await self._leases.delete_one(self._mine)


def first_of(errors: ExceptionGroup) -> Exception:
    """It tells why; what it cancelled has nothing to add."""
    first: Exception = errors
    while isinstance(first, ExceptionGroup):
        first = first.exceptions[0]
    return first


@asynccontextmanager
async def held_lease(leases: MongoCollection, name: str, *, busy: str) -> AsyncIterator[Lease]:
    """Raises StoreError(`busy`) when another holds it, and ends what runs under it when another took it over.

    That end comes late to a process that was stopped, and so does what it was about to do: that may do a successor no harm.
    """
    owner = uuid4().hex
    if not await take_lease(leases, name, owner, lease_ms=HELD_MS):
        raise StoreError(busy)
    lease = Lease(leases, name, owner)
    try:
        async with asyncio.TaskGroup() as tasks:
            renewal = tasks.create_task(lease.keep(), name=f"lease of {name}")
            try:
                yield lease
            finally:
                renewal.cancel()
    except ExceptionGroup as errors:  # not `except*`: what is raised there Debian 12's Python 3.11.2 puts into a group again
        raise first_of(errors) from None
    finally:
        await lease.give_back()
