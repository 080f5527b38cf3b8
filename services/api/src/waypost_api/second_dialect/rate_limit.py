"""Requests a minute and token, counted in MongoDB so that all replicas share one count."""

import asyncio
import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from limits import RateLimitItemPerMinute
from limits.aio.storage import MongoDBStorage
from pymongo import WriteConcern

from waypost_api.authentication.principal import Principal
from waypost_common.documents import Collection
from waypost_common.mongo import MongoDatabase


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a token may still ask for."""

    limit: int
    remaining: int
    reset: int
    """When the whole limit is there again: Unix epoch seconds."""
    allowed: bool = True

    def seconds_to_reset(self) -> int:
        return max(1, self.reset - int(time.time()))

    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class CounterStorage(MongoDBStorage):
    """The storage of `limits` on the database that the service has open, in the collection that `waypost migrate` has made.

    A client of its own would know none of our time-outs, and nobody would close it. Counts need no majority: after a
    change of primary some may be lost, which lets a few requests more through.
    """

    def __init__(self, database: MongoDatabase) -> None:
        # Its constructor makes a client, which contacts nothing before first use; it is closed at once.
        super().__init__("async+mongodb://127.0.0.1", counter_collection_name=Collection.RATE_LIMITS.value)
        self.storage.close()
        self._database = database.with_options(write_concern=WriteConcern(w=1))

    @property
    def database(self) -> MongoDatabase:
        return self._database

    async def create_indices(self) -> None:
        """Nothing: expiry is an index of the migration."""


class RequestCounter:
    """A window begins with a token's first request and lasts a minute."""

    def __init__(self, database: MongoDatabase, *, per_minute: int, now: Callable[[], float] = time.time) -> None:
        self._storage = CounterStorage(database)
        self._limit = RateLimitItemPerMinute(per_minute, namespace="second_dialect")
        self._now = now

    @classmethod
    async def open(cls, database: MongoDatabase, *, per_minute: int) -> Self:
        """In a thread: the driver reads files while its client is made."""
        return await asyncio.to_thread(cls, database, per_minute=per_minute)

    async def count(self, principal: Principal) -> Allowance:
        """Counts one request; one over the limit is counted too. Raises PyMongoError; bound its time with `pymongo.timeout`."""
        key = self._limit.key_for(identity_of(principal))
        counted = await self._storage.incr(key, self._limit.get_expiry())
        reset = await self._storage.get_expiry(key)
        return Allowance(
            limit=self._limit.amount,
            remaining=max(0, self._limit.amount - counted),
            reset=math.ceil(reset),
            allowed=counted <= self._limit.amount,
        )

    def uncounted(self) -> Allowance:
        """For a response to a request that was not counted: nobody is known whose it was."""
        limit = self._limit
        return Allowance(limit=limit.amount, remaining=limit.amount, reset=math.ceil(self._now() + limit.get_expiry()))


def identity_of(principal: Principal) -> str:
    """One text for an API key or a person, from which neither token nor name can be read."""
    parts = (principal.kind, principal.organization, principal.id)
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
