from typing import Any, Literal

from typing_extensions import TypedDict

from waypost_common.documents import OperationDocument


class OperationError(TypedDict):
    code: str
    message: str | None


class OperationView(TypedDict):
    """What became of a command."""

    id: str
    command: str
    session: str
    status: Literal["pending", "started", "succeeded", "rejected", "failed", "not_supported", "expired", "unknown"]
    createdAt: int
    finishedAt: int | None
    result: dict[str, Any] | None
    push: str | None
    error: OperationError | None


def operation_view(operation: OperationDocument) -> OperationView:
    code = operation["code"]
    return {
        "id": operation["_id"],
        "command": operation["command"],
        "session": operation["session"],
        "status": operation["status"],  # type: ignore[typeddict-item]  # stored as text
        "createdAt": operation["createdAt"],
        "finishedAt": operation["finishedAt"],
        "result": operation["result"],
        "push": operation["push"],
        "error": None if code is None else {"code": code, "message": operation["message"]},
    }
