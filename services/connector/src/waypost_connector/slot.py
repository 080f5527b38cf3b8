"""The name of a connector, `WAYPOST_CONNECTOR_GATEWAY_ID`: one process at a time may run under it.

Kafka lets the newest process with a static id in and the older one out, so two that are restarted whenever they end would take
the sessions from each other for ever. So a process says in MongoDB that it runs, and the second one does not begin.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any, Final

import structlog
from pymongo.errors import DuplicateKeyError, PyMongoError
from ulid import ULID

from waypost_common.clock import now_ms
from waypost_common.documents import Collection
from waypost_common.errors import CannotRunError
from waypost_common.mongo import MongoDatabase, is_outage
from waypost_connector.backoff import delays

log = structlog.stdlib.get_logger(__name__)

BEAT_SECONDS: Final = 0.5
SILENT_BEATS: Final = 5
"""A holder that misses so many has ended, or hangs: its name is free."""
RELEASE_SECONDS: Final = 2.0


class GatewaySlot:
    def __init__(self, database: MongoDatabase, *, backend: str, gateway_id: str, holder: ULID) -> None:
        self._connectors = database[Collection.CONNECTORS]
        self._id = f"{backend}|{gateway_id}"
        self._gateway_id = gateway_id
        self._holder = str(holder)

    @asynccontextmanager
    async def taken(self, stop: asyncio.Event) -> AsyncIterator[bool]:
        """Takes the name, and leaves it in the end. Gives False when asked to stop before MongoDB has answered.

        Takes SILENT_BEATS beats where the process before did not leave it. Raises CannotRunError while another one runs under it.
        """
        waits = delays(Random())
        while not stop.is_set():
            try:
                await self._take()
            except PyMongoError as error:
                if not is_outage(error):
                    raise
                log.warning("mongodb_unreachable", reason=type(error).__name__)
                with suppress(TimeoutError):
                    async with asyncio.timeout(next(waits)):
                        await stop.wait()
            else:
                try:
                    yield True
                finally:
                    await self._leave()
                return
        yield False

    async def hold(self) -> None:
        """Until cancelled. Raises CannotRunError once another process runs under the name, having heard nothing of this one."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                beaten = await self._connectors.update_one({"_id": self._id, "holder": self._holder}, {"$inc": {"beat": 1}})
            except PyMongoError as error:
                if not is_outage(error):
                    raise
            else:
                if not beaten.matched_count:
                    await self._refuse()

    async def _take(self) -> None:
        heard, silent = None, 0
        while silent < SILENT_BEATS:
            with suppress(DuplicateKeyError):
                await self._connectors.insert_one({"_id": self._id, **self._of_this_process()})
                return
            found = await self._connectors.find_one({"_id": self._id}, {"holder": True, "beat": True})
            if heard is not None and found is not None and found != heard:
                await self._refuse()
            silent = silent + 1 if found == heard else 0
            heard = found
            await asyncio.sleep(BEAT_SECONDS)
        if not (await self._connectors.update_one(heard or {}, {"$set": self._of_this_process()})).matched_count:
            await self._refuse()

    async def _leave(self) -> None:
        with suppress(PyMongoError, TimeoutError):
            async with asyncio.timeout(RELEASE_SECONDS):
                await self._connectors.delete_one({"_id": self._id, "holder": self._holder})

    async def _refuse(self) -> None:
        other = await self._connectors.find_one({"_id": self._id}) or {}
        who = f"process {other.get('pid')} on {other.get('host')}"
        raise CannotRunError(
            f"another connector runs as {self._gateway_id} ({who}): "
            "give each its own WAYPOST_CONNECTOR_GATEWAY_ID, or stop that one"
        )

    def _of_this_process(self) -> dict[str, Any]:
        return {"holder": self._holder, "beat": 0, "pid": os.getpid(), "host": socket.gethostname(), "startedAt": now_ms()}
