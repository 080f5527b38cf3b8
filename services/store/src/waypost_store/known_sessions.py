"""To which organization a session belongs. That never changes, so what was found once is kept."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from pymongo.errors import PyMongoError

from waypost_common.consumption import ConsumptionStoppedError
from waypost_common.documents import Collection, collection_name
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.mongo import MongoDatabase, retry_or_stop
from waypost_store.generations import live_generation

MOST: Final = 100_000


class KnownSessions:
    def __init__(self) -> None:
        self._owners: OrderedDict[SessionId, OrganizationId] = OrderedDict()

    async def owners(self, database: MongoDatabase, sessions: Iterable[SessionId]) -> dict[SessionId, OrganizationId]:
        """The owner of each session that exists. Asks MongoDB only for those not seen before.

        Raises RetryLaterError when it does not answer.
        """
        wanted = set(sessions)
        missing = [session for session in wanted if session not in self._owners]
        if missing:
            try:
                await self._load(database, missing)
            except PyMongoError as error:
                raise retry_or_stop(error) from error
        return {session: self._owners[session] for session in wanted if session in self._owners}

    def remember(self, session: SessionId, organization: OrganizationId) -> None:
        self._owners.setdefault(session, organization)
        self._owners.move_to_end(session)
        if len(self._owners) > MOST:
            self._owners.popitem(last=False)

    async def _load(self, database: MongoDatabase, sessions: list[SessionId]) -> None:
        generation = await live_generation(database)
        if generation is None:
            raise ConsumptionStoppedError("the database is not set up: run `waypost migrate`, then start again")
        collection = database[collection_name(Collection.SESSIONS, generation)]
        async for document in collection.find({"_id": {"$in": sessions}}, {"organization": True}):
            self.remember(SessionId(document["_id"]), OrganizationId(document["organization"]))
