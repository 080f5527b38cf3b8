"""What an outcome means to the one who asked (design: "HTTP from outcome")."""

import math
from typing import Final

from waypost_common.errors import (
    ConflictError,
    ErrorCode,
    ForbiddenError,
    NotFoundError,
    OperationFailedError,
    RateLimitedError,
    UnavailableError,
    UnsupportedOperationError,
    ValidationFailedError,
    WaypostError,
)
from waypost_common.outcomes import Outcome, OutcomeStatus

_REJECTIONS: Final[dict[str, tuple[type[WaypostError], str]]] = {
    ErrorCode.NOT_FOUND: (NotFoundError, "not found"),
    ErrorCode.CONFLICT: (ConflictError, "the operation conflicts with the present state"),
    ErrorCode.FORBIDDEN: (ForbiddenError, "the operation is not allowed"),
    ErrorCode.NOT_IMPLEMENTED: (UnsupportedOperationError, "the operation is not supported"),
}


def error_of_outcome(outcome: Outcome, *, validation_status: int = 400) -> WaypostError | None:
    """None for success. `validation_status` is what the operation documents for a body that is refused."""
    operation = {"operation": outcome.command}
    match outcome.status:
        case OutcomeStatus.SUCCEEDED:
            return None
        case OutcomeStatus.REJECTED:
            return _rejection(outcome, validation_status)
        case OutcomeStatus.NOT_SUPPORTED:
            return UnsupportedOperationError(outcome.message or "the session's connector cannot do this")
        case OutcomeStatus.FAILED:
            return OperationFailedError(outcome.message or "the operation failed", details=operation)
        case OutcomeStatus.EXPIRED:
            return UnavailableError("nobody took the operation in time; nothing was done; try again", details=operation)
        case OutcomeStatus.UNKNOWN:
            return UnavailableError("it is not known whether the operation was done", details=operation)


def _rejection(outcome: Outcome, validation_status: int) -> WaypostError:
    if outcome.code == ErrorCode.VALIDATION_ERROR:
        return ValidationFailedError(outcome.message or "the request was refused", status=validation_status)
    if outcome.code == ErrorCode.RATE_LIMITED:
        return _limited(outcome)
    kind = _REJECTIONS.get(outcome.code or "")
    if kind is None:
        return OperationFailedError(outcome.message or "the operation was refused", details={"operation": outcome.command})
    error, text = kind
    return error(outcome.message or text)


def _limited(outcome: Outcome) -> RateLimitedError:
    told = (outcome.result or {}).get("retryAfterSeconds")
    seconds = max(1, math.ceil(told)) if isinstance(told, int | float) else 1
    return RateLimitedError(
        outcome.message or "too many requests", details={"retryAfterSeconds": seconds}, headers={"Retry-After": str(seconds)}
    )
