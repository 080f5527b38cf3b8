"""Outcomes into operations: the first final status wins, except that `unknown` yields once to the true one (rule R6)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from waypost_common.claims import duplicates
from waypost_common.identifiers import CommandId, EpochMs
from waypost_common.mongo import MongoCollection, retry_or_stop
from waypost_common.outcomes import UNFINISHED, Outcome, OutcomeStatus


def settle(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Of several outcomes of one command, in log order, the one that holds. Pure."""
    settled: dict[CommandId, Outcome] = {}
    for outcome in outcomes:
        first = settled.setdefault(outcome.command, outcome)
        if first.status is OutcomeStatus.UNKNOWN:
            settled[outcome.command] = outcome
    return list(settled.values())


async def write_outcomes(operations: MongoCollection, outcomes: Sequence[Outcome], *, now: EpochMs, keep_days: int) -> None:
    """Idempotent. Raises RetryLaterError when MongoDB does not confirm all of it by a majority, or stops the consumer."""
    settled = settle(outcomes)
    expires_at = datetime.fromtimestamp(now / 1_000, UTC) + timedelta(days=keep_days)
    try:
        taken = await _write(operations, settled, expires_at)
        if taken:
            # Finished before, or inserted by the API at this very moment: in that case the second look finds it pending.
            await operations.bulk_write([_update(settled[index], None) for index in sorted(taken)], ordered=False)
    except PyMongoError as error:
        raise retry_or_stop(error) from error


async def _write(operations: MongoCollection, settled: Sequence[Outcome], expires_at: datetime) -> set[int]:
    """The positions that were there and not open."""
    try:
        await operations.bulk_write([_update(outcome, expires_at) for outcome in settled], ordered=False)
    except BulkWriteError as error:
        return duplicates(error)
    return set()


def _update(outcome: Outcome, expires_at: datetime | None) -> UpdateOne:
    """With `expires_at`, makes the record of a command that nobody recorded."""
    open_statuses = [status.value for status in UNFINISHED]
    if outcome.status is not OutcomeStatus.UNKNOWN:
        open_statuses.append(OutcomeStatus.UNKNOWN.value)
    change: dict[str, Any] = {
        "$set": {
            "status": outcome.status.value,
            "finishedAt": outcome.at,
            "code": outcome.code,
            "message": outcome.message,
            "result": outcome.result,
            "generation": outcome.generation,
            "partition": outcome.partition,
            "offset": outcome.offset,
        },
        "$unset": {"outbox": ""},
    }
    if outcome.status is not OutcomeStatus.SUCCEEDED:
        # WhatsApp is not told of what the stored copy has not taken on.
        change["$set"]["push"] = None
    if expires_at is not None:
        change["$setOnInsert"] = {"createdAt": outcome.at, "expiresAt": expires_at}
    return UpdateOne({"_id": outcome.command, "status": {"$in": open_statuses}}, change, upsert=expires_at is not None)
