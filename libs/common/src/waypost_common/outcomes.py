"""Outcomes on `wa.outcomes` and the operation document: the one answer that a command gets (rule R6)."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, TypeAdapter

from waypost_common.fields import CommandIdField, Contract, EpochMsField, LongText, ShortText


class OutcomeStatus(StrEnum):
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    FAILED = "failed"
    NOT_SUPPORTED = "not_supported"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    """A crash cut a non-idempotent live call: it may have happened, and is never run again by itself."""


class OperationStatus(StrEnum):
    """`pending` (recorded), `started` (claimed by an executor), or the final status of its outcome."""

    PENDING = "pending"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    FAILED = "failed"
    NOT_SUPPORTED = "not_supported"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class PushStatus(StrEnum):
    """How far WhatsApp itself was told of flags that the stored copy has taken on. None: it is not to be told."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NOT_SUPPORTED = "not_supported"


UNFINISHED: Final = (OperationStatus.PENDING, OperationStatus.STARTED)


class Outcome(Contract):
    """Published once the effect can be read. `code` is one of the HTTP contract's error codes.

    When ingest published it: `generation` is that of the documents which show the effect, `partition` and `offset` say where
    its event is in the log, so that documents of another generation can be asked whether they show it too.
    """

    schema_version: Annotated[str, Field(alias="schema")] = "v1"
    command: CommandIdField
    status: OutcomeStatus
    at: EpochMsField
    code: ShortText | None = None
    message: LongText | None = None
    result: dict[str, object] | None = None
    generation: int | None = None
    partition: int | None = None
    offset: int | None = None


OUTCOME_ADAPTER: Final[TypeAdapter[Outcome]] = TypeAdapter(Outcome)


def encode_outcome(outcome: Outcome) -> bytes:
    return OUTCOME_ADAPTER.dump_json(outcome, by_alias=True)
