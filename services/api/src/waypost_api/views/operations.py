from typing import Any, Final, Literal

from typing_extensions import TypedDict

from waypost_common.documents import OperationDocument
from waypost_common.errors import ErrorCode
from waypost_common.outcomes import UNFINISHED, OperationStatus


class OperationError(TypedDict):
    code: str
    message: str | None


class OperationView(TypedDict):
    """What became of a command."""

    id: str
    command: str
    session: str
    status: Literal["pending", "succeeded", "rejected", "failed", "not_supported", "expired", "unknown"]
    createdAt: int
    finishedAt: int | None
    result: dict[str, Any] | None
    push: str | None
    error: OperationError | None


_CODES: Final = {
    OperationStatus.REJECTED: ErrorCode.INTERNAL,
    OperationStatus.FAILED: ErrorCode.INTERNAL,
    OperationStatus.NOT_SUPPORTED: ErrorCode.NOT_IMPLEMENTED,
    OperationStatus.EXPIRED: ErrorCode.GATEWAY_UNAVAILABLE,
    OperationStatus.UNKNOWN: ErrorCode.GATEWAY_UNAVAILABLE,
}
"""What an outcome without a code of its own is answered with."""


def operation_view(operation: OperationDocument) -> OperationView:
    """One that an executor has claimed is still pending to whoever asks."""
    status = OperationStatus(operation["status"])
    code = operation["code"] or _CODES.get(status)
    return {
        "id": operation["_id"],
        "command": operation["command"],
        "session": operation["session"],
        "status": "pending" if status in UNFINISHED else status.value,  # type: ignore[typeddict-item]  # an OutcomeStatus
        "createdAt": operation["createdAt"],
        "finishedAt": operation["finishedAt"],
        "result": operation["result"],
        "push": operation["push"],
        "error": None if code is None else {"code": code, "message": operation["message"]},
    }
