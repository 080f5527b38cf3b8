"""Claiming operations: pending to started, or to a final status, by compare-and-set in one round trip (rule R6).

Every executor of commands does this before it acts: the store, and the connectors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from waypost_common.commands import CommandEnvelope
from waypost_common.consumption import RetryLaterError
from waypost_common.errors import ErrorCode
from waypost_common.identifiers import EpochMs
from waypost_common.mongo import Document, MongoCollection, MongoFault, fault_of, retry_or_stop
from waypost_common.operations import new_operation
from waypost_common.outcomes import OperationStatus, Outcome, OutcomeStatus

ATTEMPTS: Final = 3


@dataclass(frozen=True)
class Start:
    """The command is carried out."""

    noted: Mapping[str, Any] = field(default_factory=dict)
    """Fields that the winner of the claim sets in the operation beside its status."""


@dataclass(frozen=True, kw_only=True)
class Finish:
    """The command ends here, with this outcome."""

    status: OutcomeStatus
    code: ErrorCode
    message: str
    result: Mapping[str, Any] | None = None


Decision = Start | Finish

SESSION_NOT_FOUND: Final = Finish(
    status=OutcomeStatus.REJECTED, code=ErrorCode.NOT_FOUND, message="there is no such session in this organization"
)
TOO_LATE: Final = Finish(
    status=OutcomeStatus.EXPIRED, code=ErrorCode.GATEWAY_UNAVAILABLE, message="the deadline passed before the command was started"
)


class ClaimState(Enum):
    WON = auto()
    STARTED_BEFORE = auto()
    """A redelivery: how far it was carried out is not known."""
    FINISHED_BEFORE = auto()
    ANOTHER = auto()
    """The id belongs to an operation of another session or organization."""


@dataclass(frozen=True)
class Claim:
    state: ClaimState
    operation: Document | None = None
    """The operation as it was found, when it was finished before."""


async def claim(
    operations: MongoCollection, wanted: Sequence[tuple[CommandEnvelope, Decision]], *, now: EpochMs, keep_days: int
) -> list[Claim]:
    """Claims each command's operation, making those of commands that came by Kafka alone. Answers in the same order.

    Idempotent. Raises RetryLaterError when MongoDB does not confirm all of it by a majority,
    ConsumptionStoppedError when it refuses.
    """
    claims: list[Claim | None] = [None] * len(wanted)
    open_ones = list(range(len(wanted)))
    try:
        for _ in range(ATTEMPTS):
            lost = await _claim_once(operations, [wanted[index] for index in open_ones], now, keep_days)
            for position, index in enumerate(open_ones):
                if position not in lost:
                    claims[index] = Claim(ClaimState.WON)
            open_ones = [open_ones[position] for position in sorted(lost)]
            if open_ones:
                open_ones = await _read_back(operations, wanted, open_ones, claims)
            if not open_ones:
                return [made for made in claims if made is not None]
    except PyMongoError as error:
        raise retry_or_stop(error) from error
    raise RetryLaterError("operations change faster than they can be claimed")


async def _claim_once(
    operations: MongoCollection, wanted: Sequence[tuple[CommandEnvelope, Decision]], now: EpochMs, keep_days: int
) -> set[int]:
    """The positions that were not pending."""
    updates = [_update(command, decision, now, keep_days) for command, decision in wanted]
    try:
        await operations.bulk_write(updates, ordered=False)
    except BulkWriteError as error:
        return duplicates(error)
    return set()


def duplicates(error: BulkWriteError) -> set[int]:
    """The positions of a bulk that were there already. Raises what `retry_or_stop` says when anything else went wrong."""
    failures: list[Document] = error.details.get("writeErrors", [])
    if fault_of(error) is not MongoFault.THERE_ALREADY:
        raise retry_or_stop(error) from error
    return {failure["index"] for failure in failures}


def _update(command: CommandEnvelope, decision: Decision, now: EpochMs, keep_days: int) -> UpdateOne:
    change: dict[str, Any]
    if isinstance(decision, Start):
        change = {"status": OperationStatus.STARTED.value, **decision.noted}
    else:
        change = {
            "status": decision.status.value,
            "finishedAt": now,
            "code": decision.code.value,
            "message": decision.message,
            "result": None if decision.result is None else dict(decision.result),
        }
    operation = new_operation(command, now=now, keep_days=keep_days)
    is_pending = {
        "_id": command.id,
        "organization": command.organization,
        "session": command.session,
        "status": operation["status"],
    }
    on_insert = {name: value for name, value in operation.items() if name not in change and name not in is_pending}
    # An operation that is not pending does not match, so the upsert collides with it: that is how a lost claim shows.
    return UpdateOne(is_pending, {"$set": change, "$unset": {"outbox": ""}, "$setOnInsert": on_insert}, upsert=True)


async def _read_back(
    operations: MongoCollection,
    wanted: Sequence[tuple[CommandEnvelope, Decision]],
    lost: list[int],
    claims: list[Claim | None],
) -> list[int]:
    """Fills in what became of lost claims; returns those to try again, which raced with the API's own insert."""
    ids = [wanted[index][0].id for index in lost]
    found = {document["_id"]: document async for document in operations.find({"_id": {"$in": ids}})}
    again = []
    for index in lost:
        command = wanted[index][0]
        operation = found.get(command.id)
        # An outcome that came first left a record without an organization: it still tells that the command is over.
        owner = None if operation is None else (operation.get("organization"), operation.get("session"))
        if operation is None:
            again.append(index)
        elif owner not in ((None, None), (command.organization, command.session)):
            claims[index] = Claim(ClaimState.ANOTHER)
        elif operation["status"] == OperationStatus.PENDING:
            again.append(index)
        elif operation["status"] == OperationStatus.STARTED:
            claims[index] = Claim(ClaimState.STARTED_BEFORE)
        else:
            claims[index] = Claim(ClaimState.FINISHED_BEFORE, operation)
    return again


def recorded_outcome(operation: Document, now: EpochMs) -> Outcome:
    """What was said when the operation ended, to be said again."""
    return Outcome(
        command=operation["_id"],
        status=OutcomeStatus(operation["status"]),
        at=operation.get("finishedAt") or now,
        code=operation.get("code"),
        message=operation.get("message"),
        result=operation.get("result"),
    )
