"""When sessions have sent, in their documents of `devices`."""

from collections.abc import Sequence

from pymongo.errors import PyMongoError

from waypost_common.documents import Collection
from waypost_common.identifiers import EpochMs, SessionId
from waypost_common.mongo import MongoDatabase, retry_or_stop


class StoredSentTimes:
    """Both raise RetryLaterError while MongoDB does not answer, ConsumptionStoppedError when it refuses."""

    def __init__(self, database: MongoDatabase) -> None:
        self._devices = database[Collection.DEVICES]

    async def read(self, session: SessionId) -> Sequence[EpochMs]:
        try:
            found = await self._devices.find_one({"_id": session}, {"sentAt": True})
        except PyMongoError as error:
            raise retry_or_stop(error) from error
        return [EpochMs(int(at)) for at in (found or {}).get("sentAt", ())]

    async def add(self, session: SessionId, at: EpochMs, *, keep: int) -> None:
        change = {"$push": {"sentAt": {"$each": [at], "$slice": -keep}}}
        try:
            await self._devices.update_one({"_id": session}, change, upsert=True)
        except PyMongoError as error:
            raise retry_or_stop(error) from error
