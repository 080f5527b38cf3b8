"""Removes in the background what nobody can see any more: one store at a time, a batch at a time, again and again."""

import asyncio
import time
from typing import Final
from uuid import uuid4

import structlog
from pymongo.errors import PyMongoError

from waypost_common.clock import now_ms
from waypost_common.consumption import ConsumptionStoppedError
from waypost_common.documents import Collection, collection_name
from waypost_common.identifiers import EpochMs, OrganizationId, SessionId
from waypost_common.mongo import Document, MongoDatabase
from waypost_store.generations import live_generation
from waypost_store.leases import take_lease
from waypost_store.metrics import StoreMetrics
from waypost_store.purge.documents import (
    OF_A_SESSION,
    all_of_session,
    ever_deleted,
    older_epochs,
    remove,
    removed_before,
)
from waypost_store.settings import StoreBlock

log = structlog.stdlib.get_logger(__name__)

LEASE: Final = "purge"
LEASE_MS: Final = 60_000
RENEW_S: Final = 20.0
KEYS_FOR_MS: Final = 86_400_000
"""So long after its removal may a session's connector, or WhatsApp, be away and still unlink it, which takes its keys."""
CHATS_AT_ONCE: Final = 100
"""Looked at in one query: most chats that were deleted have been purged before."""


class LeaseLostError(Exception):
    """Another store purges now."""


class Purger:
    """Keeps nothing between rounds: each finds anew what there is to remove, so it may be cut short at any point."""

    def __init__(self, block: StoreBlock, database: MongoDatabase, metrics: StoreMetrics) -> None:
        self._block = block
        self._database = database
        self._metrics = metrics
        self._owner = uuid4().hex
        self._held_until = 0.0

    async def run(self) -> None:
        """Until cancelled. An outage of MongoDB is waited out."""
        while True:
            try:
                await self.round()
            except LeaseLostError:
                log.debug("purged_elsewhere")
            except (PyMongoError, ConsumptionStoppedError) as error:
                log.warning("purge_put_off", reason=type(error).__name__)
            await asyncio.sleep(self._block.purge_interval_s)

    async def round(self) -> None:
        """One pass over removed sessions and deleted chats, and keys. Raises LeaseLostError, PyMongoError."""
        await self._hold_lease()
        generation = await live_generation(self._database)
        if generation is None:
            return
        with self._metrics.purge_seconds.time():
            await self.purge_sessions(generation)
            await self.purge_chats(generation)
            await self.purge_keys(generation)

    async def purge_sessions(self, generation: int) -> None:
        """Every document of removed sessions but their own."""
        sessions = self._database[collection_name(Collection.SESSIONS, generation)]
        long_enough_ago = EpochMs(now_ms() - int(self._block.purge_after_s * 1_000))
        removed = sessions.find(removed_before(long_enough_ago), {"organization": True}).sort("_id", 1)
        async for session in removed:
            query = all_of_session(SessionId(session["_id"]), OrganizationId(session["organization"]))
            for collection in OF_A_SESSION:
                await self._remove(collection, generation, query)

    async def purge_chats(self, generation: int) -> None:
        """Messages from before their chat's last deletion."""
        chats = self._database[collection_name(Collection.CHATS, generation)]
        fields = {"session": True, "organization": True, "jid": True, "epoch": True}
        # Of all indexes this one alone holds no chat that was never deleted; the planner does not choose it by itself.
        deleted = chats.find(ever_deleted(), fields).hint("deleted")
        some: list[Document] = []
        async for chat in deleted:
            some.append(chat)
            if len(some) == CHATS_AT_ONCE:
                await self._remove(Collection.MESSAGES, generation, older_epochs(some))
                some.clear()
        if some:
            await self._remove(Collection.MESSAGES, generation, older_epochs(some))

    async def purge_keys(self, generation: int) -> None:
        """Sealed keys of sessions that were removed a day ago: a connector forgets them itself, if MongoDB answers it then.

        All else of a device stays: its fence may never fall.
        """
        sessions = self._database[collection_name(Collection.SESSIONS, generation)]
        devices = self._database[Collection.DEVICES]
        long_ago = EpochMs(now_ms() - KEYS_FOR_MS)
        async for session in sessions.find(removed_before(long_ago), {"organization": True}).sort("_id", 1):
            await self._hold_lease()
            sealed = {"_id": session["_id"], "organization": session["organization"], "keys": {"$exists": True}}
            forgotten = await devices.update_one(sealed, {"$unset": {"keys": True, "keysSavedAt": True}})
            if forgotten.modified_count:
                log.info("device_keys_forgotten", session=session["_id"])

    async def _remove(self, collection: Collection, generation: int, query: Document) -> None:
        await self._hold_lease()
        documents = self._database[collection_name(collection, generation)]
        async for count in remove(documents, query, batch=self._block.purge_batch):
            self._metrics.purged.labels(collection.value).inc(count)
            await self._hold_lease()

    async def _hold_lease(self) -> None:
        """Asks MongoDB at most every RENEW_S. Two at work would do no harm but to MongoDB's load."""
        now = time.monotonic()
        if now < self._held_until:
            return
        if not await take_lease(self._database[Collection.LEASES], LEASE, self._owner, lease_ms=LEASE_MS):
            raise LeaseLostError
        self._held_until = now + RENEW_S
