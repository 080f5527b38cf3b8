"""What is wanted of each session, as its document says."""

import asyncio
from collections.abc import Callable, Collection
from typing import Final, Protocol

import structlog
from pymongo.errors import PyMongoError

from waypost_common.documents import Collection as Documents
from waypost_common.documents import collection_name
from waypost_common.event_payloads import DesiredState
from waypost_common.identifiers import SessionId
from waypost_common.mongo import MongoDatabase
from waypost_connector.backend import Device

log = structlog.stdlib.get_logger(__name__)

LOOK_SECONDS: Final = 1.0


class Followed(Protocol):
    """What is needed of a session runner."""

    device: Device

    def want(self, *, running: bool) -> None: ...


class DesiredStates:
    def __init__(self, database: MongoDatabase, followed: Callable[[], Collection[Followed]]) -> None:
        """`followed`: the runners of now, asked for at each look."""
        self._database = database
        self._followed = followed

    async def run(self) -> None:
        """Tells every runner, every second, until cancelled. While MongoDB is away what was wanted last holds."""
        away = False
        while True:
            try:
                await self.look()
            except PyMongoError as error:
                if not away:
                    log.warning("desired_states_unknown", reason=type(error).__name__)
                away = True
            else:
                away = False
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """A session without a document is new: it is to run. Raises PyMongoError."""
        runners = list(self._followed())
        if not runners:
            return
        stopped = await self._stopped([runner.device for runner in runners])
        for runner in runners:
            runner.want(running=runner.device.session not in stopped)

    async def _stopped(self, devices: Collection[Device]) -> set[SessionId]:
        pointer = await self._database[Documents.GENERATIONS].find_one({"_id": "live"})
        sessions = self._database[collection_name(Documents.SESSIONS, 1 if pointer is None else int(pointer["generation"]))]
        query = {
            "_id": {"$in": [device.session for device in devices]},
            "organization": {"$in": sorted({device.organization for device in devices})},
            "$or": [{"desired": DesiredState.STOPPED.value}, {"removed": True}],
        }
        return {SessionId(document["_id"]) async for document in sessions.find(query, {"_id": True})}
