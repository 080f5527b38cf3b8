"""The state of a whole system, read from Kafka and MongoDB."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from waypost_common.clock import clock_skew_ms, now_ms
from waypost_common.documents import Collection, collection_name
from waypost_common.generations import GenerationState
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.kafka import create_admin
from waypost_common.mongo import MongoClient, MongoDatabase, aggregate
from waypost_common.report.dead_letters import DeadLetters, dead_letters
from waypost_common.report.groups import group_members, group_names
from waypost_common.report.lag import PartitionLag, partition_lags
from waypost_common.report.partitions import partition_counts
from waypost_common.topics import INGEST_GROUP, group_name, topic_names
from waypost_store.errors import StoreError
from waypost_store.purge.documents import all_of_session
from waypost_store.rebuild.records import GenerationRecords
from waypost_store.settings import StoreSettings

MOST_LOOKED_AT: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class MakingGeneration:
    """One that `waypost rebuild` makes beside the live one."""

    generation: int
    state: GenerationState
    group: str
    """That folds the log into it, once it is `building`."""

    def to_json(self) -> dict[str, Any]:
        return {"generation": self.generation, "state": self.state, "group": self.group}


@dataclass(frozen=True, kw_only=True)
class SystemStatus:
    generation: int
    lags: list[PartitionLag]
    members: Mapping[str, int]
    dead_letters: list[DeadLetters]
    sessions: Mapping[str, int]
    operations: Mapping[str, int]
    removed_sessions: int
    unpurged_sessions: int
    """Of the removed ones (the first MOST_LOOKED_AT of them), those that still have chats: the purge is not done with them."""
    clock_skew_ms: int
    """How far this machine's clock is ahead of MongoDB's."""
    making: list[MakingGeneration] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "generation": self.generation,
            "making": [one.to_json() for one in self.making],
            "clockSkewMs": self.clock_skew_ms,
            "partitions": [
                {
                    "group": lag.group,
                    "topic": lag.topic,
                    "partition": lag.partition,
                    "nextOffset": lag.next_offset,
                    "logStart": lag.log_start,
                    "logEnd": lag.log_end,
                    "lag": lag.lag,
                    "oldestUnprocessedMs": lag.oldest_ms,
                }
                for lag in self.lags
            ],
            "groups": [{"group": group, "members": count} for group, count in self.members.items()],
            "deadLetters": [
                {"topic": found.topic, "count": found.count, "byReason": found.by_reason, "newestAt": found.newest_at}
                for found in self.dead_letters
            ],
            "sessions": dict(self.sessions),
            "operations": dict(self.operations),
            "removedSessions": self.removed_sessions,
            "unpurgedSessions": self.unpurged_sessions,
        }


async def system_status(settings: StoreSettings, client: MongoClient, database: MongoDatabase) -> SystemStatus:
    """Raises StoreError when the system was never set up, and the drivers' errors when a server is away."""
    generations = await GenerationRecords(database).all()
    generation = generations.live
    if generation is None:
        raise StoreError("the database is not set up yet: run `waypost migrate` first")
    consumed = sorted(generations.consumed)
    admin = create_admin(settings.kafka, client_id="waypost-status")
    try:
        await admin.start()
        counts = await partition_counts(admin, list(topic_names(settings.kafka)))
        members = await group_members(admin, group_names(settings.kafka, consumed))
    finally:
        await admin.close()
    removed, unpurged = await _removed_sessions(database, generation)
    return SystemStatus(
        generation=generation,
        making=[
            MakingGeneration(generation=one, state=state, group=group_name(settings.kafka, INGEST_GROUP, one))
            for one, state in sorted(generations.states.items())
            if state is not GenerationState.ABANDONED
        ],
        lags=await partition_lags(settings.kafka, database, counts, consumed, now=now_ms()),
        members=members,
        dead_letters=await dead_letters(settings.kafka, database, counts),
        sessions=await _by_status(database, collection_name(Collection.SESSIONS, generation), {"removed": {"$ne": True}}),
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
