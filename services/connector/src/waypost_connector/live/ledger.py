"""What the executor asks MongoDB: to whom a session belongs, and whether a command is its to carry out (rule R6)."""

from typing import Final

from pymongo.errors import PyMongoError

from waypost_common.claims import Claim, Decision, claim
from waypost_common.clock import now_ms
from waypost_common.commands import CommandEnvelope
from waypost_common.consumption import ConsumptionStoppedError
from waypost_common.documents import Collection, collection_name
from waypost_common.mongo import Document, MongoCollection, MongoDatabase, retry_or_stop
from waypost_common.outcomes import UNFINISHED

KEEP_DAYS: Final = 7
"""As long as the API's own operations are kept; for those of commands that came by Kafka alone."""


class Ledger:
    """Each method raises RetryLaterError while MongoDB does not answer, ConsumptionStoppedError when it refuses."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def owns(self, command: CommandEnvelope) -> bool:
        """Whether the command's organization has that session. One that was removed is nobody's."""
        try:
            pointer = await self._database[Collection.GENERATIONS].find_one({"_id": "live"})
            if pointer is None:
                raise ConsumptionStoppedError("the database is not set up: run `waypost migrate`, then start again")
            sessions = self._database[collection_name(Collection.SESSIONS, int(pointer["generation"]))]
            found = await sessions.find_one(
                {"_id": command.session, "organization": command.organization, "removed": False}, {"_id": True}
            )
        except PyMongoError as error:
            raise retry_or_stop(error) from error
        return found is not None

    async def claim(self, command: CommandEnvelope, decision: Decision) -> Claim:
        [made] = await claim(self._operations, [(command, decision)], now=now_ms(), keep_days=KEEP_DAYS)
        return made

    async def finished(self, command: CommandEnvelope) -> Document | None:
        """The operation, once it is finished."""
        unfinished = [status.value for status in UNFINISHED]
        owned = {"_id": command.id, "organization": command.organization, "session": command.session}
        try:
            return await self._operations.find_one({**owned, "status": {"$nin": unfinished}})
        except PyMongoError as error:
            raise retry_or_stop(error) from error

    @property
    def _operations(self) -> MongoCollection:
        return self._database[Collection.OPERATIONS]
