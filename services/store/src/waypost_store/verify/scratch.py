"""A second set of documents, folded from the log by the writer that ingest uses. Nobody reads it, and it is dropped again."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from secrets import randbelow
from typing import Any, Final

from waypost_common.consumption import ConsumptionStoppedError, Record, RetryLaterError
from waypost_common.dead_letters import DeadLetter
from waypost_common.documents import PROJECTIONS, collection_name
from waypost_common.identifiers import SessionId
from waypost_common.mongo import MongoDatabase
from waypost_projection.logged import decode
from waypost_projection.storage import ProjectionStorage
from waypost_projection.writer import ProjectionWriter
from waypost_store.errors import StoreError
from waypost_store.generations import generation_of
from waypost_store.leases import Lease
from waypost_store.progress import Progress
from waypost_store.schema import ensure_projections
from waypost_store.verify.log_reader import LogReader

NUMBERS: Final = 10**9
PAUSES_S: Final = (0.2, 0.5, 1, 2, 5, 10, 20)


class Scratch:
    """`reached` is, for each partition, the offset up to which all events are folded, and none beyond.

    No two runs have the same `generation`: one that lost its lease writes and drops collections that nobody else looks at.
    """

    def __init__(
        self,
        database: MongoDatabase,
        live_generation: int,
        log: LogReader,
        lease: Lease,
        *,
        session: SessionId | None,
        max_event_bytes: int,
    ) -> None:
        self.generation = -1 - randbelow(NUMBERS)
        self._writer = ProjectionWriter(
            ProjectionStorage(database, self.generation), owners=ProjectionStorage(database, live_generation)
        )
        self._database = database
        self._log = log
        self._lease = lease
        self._session = session
        self._max_event_bytes = max_event_bytes
        self.reached: dict[int, int] = {}
        self.taken = 0
        """Events that were folded, or could not be: those of the session, where there is one."""

    @asynccontextmanager
    async def documents(self) -> AsyncIterator[None]:
        """Empty collections, which are gone in the end. Drops those that killed processes have left. Raises StoreError."""
        names = await self._database.list_collection_names()
        left = [name for name in names if (number := generation_of(name)) is not None and number < 1]
        await self._lease.require()  # so nobody can have begun after this one: what was found is no successor's
        for name in left:
            await self._database.drop_collection(name)
        try:
            await ensure_projections(self._database, self.generation)
            yield
        finally:
            for collection in PROJECTIONS:
                await self._database.drop_collection(collection_name(collection, self.generation))

    async def require(self) -> None:
        """Raises StoreError when a successor may have dropped the documents before this was called."""
        await self._lease.require()

    async def start(self) -> None:
        self.reached = await self._log.start()

    async def fold(self, until: Mapping[int, int], progress: Progress) -> None:
        """Raises StoreError when MongoDB stays away, or refuses."""
        async for records in self._log.read(until):
            await self._apply(records)
            progress.advance(len(records))
        self.reached = {partition: max(offset, until[partition]) for partition, offset in self.reached.items()}

    async def _apply(self, records: Sequence[Record]) -> None:
        found = [decode(record, max_bytes=self._max_event_bytes) for record in records if self._is_wanted(record)]
        self.taken += len(found)
        events = [one for one in found if not isinstance(one, DeadLetter)]
        for pause in (*PAUSES_S, None):
            try:
                await _finished(self._writer.apply(events))
            except ConsumptionStoppedError as error:
                raise StoreError(str(error)) from error
            except RetryLaterError as error:
                if pause is None:
                    raise StoreError(f"{error}: look at MongoDB, then run this again") from error
                await asyncio.sleep(pause)
            else:
                return

    def _is_wanted(self, record: Record) -> bool:
        if self._session is None:
            return True
        return record.key is not None and record.key.partition(b"|")[0] == self._session.encode()


async def _finished(write: Coroutine[Any, Any, object]) -> None:
    """Not interrupted: MongoDB goes on with a write that is abandoned, and so makes a collection anew that was dropped."""
    writing = asyncio.get_running_loop().create_task(write, name="fold a batch")
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait({writing})
        raise
