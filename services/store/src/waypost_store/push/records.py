"""Pushes in operations: each has one of its own, and shows in the one that it belongs to."""

from collections.abc import Mapping

from pymongo import UpdateOne

from waypost_common.identifiers import EpochMs
from waypost_common.live_commands import ChatPushCommand
from waypost_common.mongo import Document, MongoCollection
from waypost_common.operations import new_operation
from waypost_common.outcomes import PushStatus

MAY_BECOME_KNOWN = [PushStatus.PENDING.value, PushStatus.FAILED.value]
"""A push that the sweeper gave up may turn out to have been carried out."""


def new_push_operation(command: ChatPushCommand, operation: Document, *, now: EpochMs, keep_days: int) -> UpdateOne:
    """Records a push that is about to be sent, unless it is recorded."""
    record = new_operation(command, now=now, keep_days=keep_days)
    record["pushOf"] = operation["_id"]
    return UpdateOne({"_id": command.id}, {"$setOnInsert": record}, upsert=True)


async def note_pushes(operations: MongoCollection, results: Mapping[str, PushStatus]) -> None:
    """Writes what became of pushes into the operations that they belong to, by id. Idempotent. Raises PyMongoError."""
    if results:
        updates = [
            UpdateOne({"_id": operation, "push": {"$in": MAY_BECOME_KNOWN}}, {"$set": {"push": result.value}})
            for operation, result in results.items()
        ]
        await operations.bulk_write(updates, ordered=False)
