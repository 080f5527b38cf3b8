from typing import Any, Literal

from typing_extensions import TypedDict

from waypost_api.views.documented import documented
from waypost_common.documents import OperationDocument
from waypost_common.outcomes import UNFINISHED, OperationStatus, Outcome


@documented
class SendResult(TypedDict):
    """What became of a message, or of a change of one."""

    mode: Literal["sync", "async"]
    outboxId: str
    """The operation's id."""
    replayed: bool
    """Whether this is the answer to an earlier request with the same `Idempotency-Key`: nothing was sent for this one."""
    status: str
    """`sent`, or while it waits `pending`; where the request was asynchronous also how it ended."""
    timestamp: int | None
    waMessageId: str | None


def sent_view(outcome: Outcome, *, replayed: bool) -> SendResult:
    return _view("sync", outcome.command, "sent", outcome.result, replayed=replayed)


def accepted_view(operation: OperationDocument, *, replayed: bool) -> SendResult:
    status = operation["status"]
    shown = "pending" if status in UNFINISHED else "sent" if status == OperationStatus.SUCCEEDED else status
    return _view("async", operation["_id"], shown, operation["result"], replayed=replayed)


def _view(
    mode: Literal["sync", "async"], operation: str, status: str, result: dict[str, Any] | None, *, replayed: bool
) -> SendResult:
    told = result or {}
    return {
        "mode": mode,
        "outboxId": operation,
        "replayed": replayed,
        "status": status,
        "timestamp": told.get("timestamp"),
        "waMessageId": told.get("waMessageId"),
    }
