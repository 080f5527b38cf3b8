"""The sessions' documents, as far as a connector needs them."""

from collections.abc import Mapping
from typing import Final

from waypost_common.documents import Collection, collection_name
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.mongo import MongoDatabase
from waypost_connector.wishes import Known

FIELDS: Final = ("organization", "backend", "desired", "status", "waJid", "removed", "fence")


class SessionDocuments:
    """Of one backend, and those that name none; of all organizations."""

    def __init__(self, database: MongoDatabase, backend: str) -> None:
        self._database = database
        self._backend = backend

    async def read(self) -> Mapping[SessionId, Known]:
        """All of them, removed ones too. Raises PyMongoError."""
        pointer = await self._database[Collection.GENERATIONS].find_one({"_id": "live"})
        sessions = self._database[collection_name(Collection.SESSIONS, 1 if pointer is None else int(pointer["generation"]))]
        cursor = sessions.find({"backend": {"$in": [None, self._backend]}}, dict.fromkeys(FIELDS, True))
        return {
            SessionId(document["_id"]): Known(
                organization=OrganizationId(document["organization"]),
                backend=document["backend"],
                desired=document["desired"],
                status=document["status"],
                identified=document["waJid"] is not None,
                removed=document["removed"],
                fence=document["fence"] or 0,
            )
            async for document in cursor
        }
