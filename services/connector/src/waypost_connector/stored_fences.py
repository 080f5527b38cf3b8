"""Fences in MongoDB: fields of the sessions' documents in `devices`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from pymongo import UpdateOne
from pymongo.read_concern import ReadConcern
from ulid import ULID

from waypost_common.documents import Collection
from waypost_common.identifiers import SessionId
from waypost_common.mongo import MongoDatabase
from waypost_connector.fences import Taken, Taking

T = TypeVar("T")

AT_ONCE: Final = 1_000
LOOK_MS: Final = 1_500
"""A look that takes longer is of little use: a fence is relied on for 2 s from its beginning."""


class StoredFences:
    """Of one process, which `holder` names."""

    def __init__(self, database: MongoDatabase, *, backend: str, holder: ULID) -> None:
        self._devices = database[Collection.DEVICES]
        # A primary that froze, or was cut off, may not know yet that there is another one, which others took sessions from.
        self._newest = self._devices.with_options(read_concern=ReadConcern("linearizable"))
        self._backend = backend
        self._holder = str(holder)

    async def take(self, takings: Sequence[Taking]) -> Mapping[SessionId, Taken]:
        for some in _parts(takings):
            await self._devices.bulk_write([self._raise(taking) for taking in some], ordered=False)
        fields = {"fence": True, "previousHolder": True}
        return {
            SessionId(device["_id"]): Taken(device["fence"], was_released=device["previousHolder"] is None)
            for some in _parts(takings)
            async for device in self._devices.find(self._held([taking.session for taking in some]), fields)
        }

    async def fences(self, sessions: Sequence[SessionId]) -> Mapping[SessionId, int]:
        """Raises PyMongoError too where the primary is not confirmed by a majority within LOOK_MS."""
        return {
            SessionId(device["_id"]): device["fence"]
            for some in _parts(sessions)
            async for device in self._newest.find(
                # In one batch: only the query itself is confirmed, not what is fetched after it.
                self._held(some),
                {"fence": True},
                batch_size=AT_ONCE + 1,
                max_time_ms=LOOK_MS,
            )
        }

    async def release(self, fences: Mapping[SessionId, int]) -> None:
        for some in _parts(list(fences.items())):
            await self._devices.bulk_write(
                [
                    UpdateOne({"_id": session, "fence": fence, "holder": self._holder}, {"$set": {"holder": None}})
                    for session, fence in some
                ],
                ordered=False,
            )

    def _raise(self, taking: Taking) -> UpdateOne:
        """Every expression reads the document as it was before."""
        newest = {"$max": [{"$ifNull": ["$fence", 0]}, taking.above]}
        change: dict[str, Any] = {
            "fence": {"$add": [newest, 1]},
            "holder": self._holder,
            "previousHolder": {"$ifNull": ["$holder", None]},
            "organization": {"$literal": taking.organization},
            "backend": {"$literal": self._backend},
        }
        if taking.only_if_free:
            return UpdateOne({"_id": taking.session, "holder": None}, [{"$set": change}])
        return UpdateOne({"_id": taking.session}, [{"$set": change}], upsert=True)

    def _held(self, sessions: Sequence[SessionId]) -> dict[str, Any]:
        return {"_id": {"$in": list(sessions)}, "holder": self._holder}


def _parts(items: Sequence[T]) -> Sequence[Sequence[T]]:
    return [items[first : first + AT_ONCE] for first in range(0, len(items), AT_ONCE)]
