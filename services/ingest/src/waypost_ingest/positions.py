"""How far each partition has been applied: the truth behind Kafka's own committed offsets (rule R4)."""

from collections.abc import Collection as Iterables
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from waypost_common.consumption import ConsumptionStoppedError, RetryLaterError
from waypost_common.documents import NO_OFFSET, Collection
from waypost_common.identifiers import EpochMs, EventId, Offset
from waypost_common.mongo import MongoDatabase

ANOTHER_LOG: Final = (
    "the topic was made again or the address is that of another cluster; correct the address, or restore the log, or begin anew "
    "as docs/reliability.md says"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    partition: int
    offset: Offset
    """The last applied record; NO_OFFSET before the first."""
    event: EventId | None
    """Its event id, or of a dead letter the digest of its bytes (`record_ids`).

    None before the first, or where an operator moved the position.
    """
    timestamp: EpochMs | None
    log_start: Offset


class Positions:
    """The positions of one generation. Both methods raise RetryLaterError when MongoDB is away."""

    def __init__(self, database: MongoDatabase, generation: int) -> None:
        self._collection = database[Collection.POSITIONS]
        self._generation = generation

    async def load(self, partitions: Iterables[int]) -> dict[int, Position]:
        """The position of each partition. Raises ConsumptionStoppedError for one that was never set up."""
        try:
            found = {
                document["partition"]: Position(
                    partition=document["partition"],
                    offset=document["offset"],
                    event=document["eventId"],
                    timestamp=document["timestamp"],
                    log_start=document["logStart"],
                )
                async for document in self._collection.find({"_id": {"$in": [self._id(one) for one in partitions]}})
            }
        except PyMongoError as error:
            raise RetryLaterError(f"MongoDB: {type(error).__name__}") from error
        missing = sorted(set(partitions) - found.keys())
        if missing:
            raise ConsumptionStoppedError(
                f"no position is recorded for partitions {missing} of generation {self._generation}: "
                "run `waypost migrate`, then start again"
            )
        return found

    async def save(self, positions: Iterable[Position]) -> None:
        """Moves positions forward, never back: a zombie's late write changes nothing."""
        moves = [
            UpdateOne(
                {"_id": self._id(one.partition), "offset": {"$lt": one.offset}},
                {"$set": {"offset": one.offset, "eventId": one.event, "timestamp": one.timestamp}},
            )
            for one in positions
        ]
        if not moves:
            return
        try:
            await self._collection.bulk_write(moves, ordered=False)
        except PyMongoError as error:
            raise RetryLaterError(f"MongoDB: {type(error).__name__}") from error

    def _id(self, partition: int) -> str:
        return f"{self._generation}|{partition}"


def first_offset(position: Position, *, log_start: int, log_end: int) -> int:
    """Where to start reading: at the last applied record, which is checked and skipped, or after it when it has expired.

    Raises ConsumptionStoppedError when the log is not the one that was read before, or events were lost unread.
    """
    if position.offset == NO_OFFSET:
        if log_start > max(position.log_start, 0):
            raise ConsumptionStoppedError(_lost(position, log_start))
        return log_start
    if position.offset >= log_end:
        raise ConsumptionStoppedError(
            f"partition {position.partition} ends at offset {log_end}, but offset {position.offset} was applied before: "
            f"{ANOTHER_LOG}"
        )
    if log_start > position.offset + 1:
        raise ConsumptionStoppedError(_lost(position, log_start))
    # The last applied record is read once more, to compare its id.
    return max(position.offset if position.event is not None else position.offset + 1, log_start)


def _lost(position: Position, log_start: int) -> str:
    return (
        f"partition {position.partition} begins at offset {log_start}, but only offsets up to {position.offset} were applied: "
        "events expired unread; lengthen the retention of the events topic, and restore it from a backup, or go on without them "
        "as docs/reliability.md says"
    )
