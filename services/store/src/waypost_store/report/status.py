"""The state of a whole system, read from Kafka and MongoDB."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from waypost_common.clock import clock_skew_ms
from waypost_common.documents import Collection, collection_name
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.mongo import MongoClient, MongoDatabase, aggregate
from waypost_common.report.dead_letters import DeadLetters, dead_letters
from waypost_common.report.partitions import open_reader
from waypost_common.report.pipeline import PipelineStatus, pipeline_status
from waypost_store.errors import StoreError
from waypost_store.purge.documents import all_of_session
from waypost_store.settings import StoreSettings

MOST_LOOKED_AT: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class SystemStatus(PipelineStatus):
    dead_letters: list[DeadLetters]
    sessions: Mapping[str, int]
    operations: Mapping[str, int]
    removed_sessions: int
    unpurged_sessions: int
    """Of the removed ones (the first MOST_LOOKED_AT of them), those that still have chats: the purge is not done with them."""
    clock_skew_ms: int
    """How far this machine's clock is ahead of MongoDB's."""

    def to_json(self) -> dict[str, Any]:
        return {
            **super().to_json(),
            "clockSkewMs": self.clock_skew_ms,
            "deadLetters": [found.to_json() for found in self.dead_letters],
            "sessions": dict(self.sessions),
            "operations": dict(self.operations),
            "removedSessions": self.removed_sessions,
            "unpurgedSessions": self.unpurged_sessions,
        }


async def system_status(settings: StoreSettings, client: MongoClient, database: MongoDatabase) -> SystemStatus:
    """Raises StoreError when the system was never set up, and the drivers' errors when a server is away."""
    async with open_reader(settings.kafka) as consumer:
        pipeline = await pipeline_status(settings.kafka, database, consumer)
        if pipeline is None:
            raise StoreError("the database is not set up yet: run `waypost migrate` first")
        letters = await dead_letters(settings.kafka, database, consumer, pipeline.partition_counts)
    sessions = collection_name(Collection.SESSIONS, pipeline.generation)
    removed, unpurged = await _removed_sessions(database, pipeline.generation)
    return SystemStatus(
        generation=pipeline.generation,
        making=pipeline.making,
        lags=pipeline.lags,
        members=pipeline.members,
        partition_counts=pipeline.partition_counts,
        dead_letters=letters,
        sessions=await _by_status(database, sessions, {"removed": {"$ne": True}}),
        operations=await _by_status(database, Collection.OPERATIONS, {}),
        removed_sessions=removed,
        unpurged_sessions=unpurged,
        clock_skew_ms=await clock_skew_ms(client),
    )


async def _removed_sessions(database: MongoDatabase, generation: int) -> tuple[int, int]:
    sessions = database[collection_name(Collection.SESSIONS, generation)]
    chats = database[collection_name(Collection.CHATS, generation)]
    unpurged = 0
    async for session in sessions.find({"removed": True}, {"organization": True}).limit(MOST_LOOKED_AT):
        left = all_of_session(SessionId(session["_id"]), OrganizationId(session["organization"]))
        unpurged += await chats.find_one(left, {"_id": True}) is not None
    return await sessions.count_documents({"removed": True}), unpurged


async def _by_status(database: MongoDatabase, collection: str, query: dict[str, Any]) -> dict[str, int]:
    pipeline = [{"$match": query}, {"$group": {"_id": "$status", "count": {"$sum": 1}}}, {"$sort": {"_id": 1}}]
    return {str(group["_id"]): int(group["count"]) async for group in aggregate(database[collection], pipeline)}
