"""The choices of chat addresses as MongoDB keeps them: the same after a restart, and in whichever connector has the session."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import Any, Final, Protocol, TypeVar

import structlog
from pymongo import ReturnDocument
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from waypost_common.consumption import RetryLaterError
from waypost_common.documents import Collection, chat_document_id
from waypost_common.identifiers import Jid, OrganizationId, SessionId
from waypost_common.mongo import MongoDatabase, retry_or_stop
from waypost_connector.addresses import choice
from waypost_connector.backoff import delays

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

MOST_REMEMBERED: Final = 10_000
"""People of one session."""
ALONE_SECONDS: Final = 1.0
"""For so long a phone JID for which nothing is kept is not asked for again. Another process begins to act for the session no
sooner than 2 s after this one may still do so, hence what is remembered is what holds.
"""


class Kept(Protocol):
    """What is kept for a session's addresses. Raises PyMongoError."""

    async def find(self, addresses: Sequence[Jid]) -> Mapping[Jid, Jid]:
        """Their chosen chat JIDs, as far as kept: none of this can be lost any more."""
        ...

    async def keep(self, address: Jid, chosen: Jid) -> Jid:
        """Keeps a choice where there is none, and says which one there is now, kept by a majority."""
        ...


class KeptInMongo:
    """The collection `addresses`. A document is inserted once and never changed."""

    def __init__(self, database: MongoDatabase, session: SessionId, organization: OrganizationId) -> None:
        self._collection = database[Collection.ADDRESSES].with_options(read_concern=ReadConcern("majority"))
        self._owned = {"session": session, "organization": organization}
        self._session = session

    async def find(self, addresses: Sequence[Jid]) -> Mapping[Jid, Jid]:
        ids = [chat_document_id(self._session, address) for address in addresses]
        cursor = self._collection.find({"_id": {"$in": ids}, **self._owned}, {"jid": True, "chosen": True})
        return {document["jid"]: document["chosen"] for document in await cursor.to_list(len(ids))}

    async def keep(self, address: Jid, chosen: Jid) -> Jid:
        # Changes nothing where somebody was faster, and even then returns only once a majority has what it found.
        kept: Any = await self._collection.find_one_and_update(
            {"_id": chat_document_id(self._session, address)},
            {"$setOnInsert": {**self._owned, "jid": address, "chosen": chosen}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return Jid(kept["chosen"])


class StoredAddresses:
    """Of one session, for as long as this process has it. Safe to use from many tasks."""

    def __init__(self, kept: Kept, session: SessionId, *, now: Callable[[], float] = time.monotonic) -> None:
        self._kept = kept
        self._session = session
        self._now = now
        self._random = Random()
        self._remembered: OrderedDict[Jid, Jid] = OrderedDict()
        self._alone: OrderedDict[Jid, float] = OrderedDict()
        """Until when each phone JID that was found to be nobody's other address is taken to be so still."""

    async def chosen(self, jid: Jid, alternative: Jid | None) -> Jid:
        """As ChatAddresses. Waits for as long as MongoDB is away; raises ConsumptionStoppedError where waiting cannot help."""
        addresses = [jid] if alternative is None else [jid, alternative]
        known = {address: self._remembered[address] for address in addresses if address in self._remembered}
        if choice(known, jid, alternative).unkept is not None or (alternative is None and not known and not self._is_alone(jid)):
            known |= await self._patiently(lambda: self._kept.find(addresses))
        while (made := choice(known, jid, alternative)).unkept is not None:
            known[made.unkept] = await self._keep(made.unkept, made.chosen)
        self._remember(known, addresses, made.chosen)
        return made.chosen

    def _is_alone(self, jid: Jid) -> bool:
        return self._alone.get(jid, 0.0) > self._now()

    async def _keep(self, address: Jid, chosen: Jid) -> Jid:
        return await self._patiently(lambda: self._kept.keep(address, chosen))

    def _remember(self, known: Mapping[Jid, Jid], addresses: Sequence[Jid], chosen: Jid) -> None:
        for address in addresses:
            if address in known or len(addresses) > 1:  # of a pair both are settled, the phone JID without being kept
                self._remembered[address] = known.get(address, chosen)
                self._remembered.move_to_end(address)
                self._alone.pop(address, None)
            elif not self._is_alone(address):
                self._alone[address] = self._now() + ALONE_SECONDS
                self._alone.move_to_end(address)
        while len(self._remembered) > MOST_REMEMBERED * 2:
            self._remembered.popitem(last=False)
        while len(self._alone) > MOST_REMEMBERED:
            self._alone.popitem(last=False)

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        waits = delays(self._random)
        while True:
            try:
                return await ask()
            except PyMongoError as error:
                failure = retry_or_stop(error)
                if not isinstance(failure, RetryLaterError):
                    raise failure from error
                log.warning("addresses_unknown", session=self._session, reason=str(failure))
                await asyncio.sleep(next(waits))
