"""Errors of this dialect: a status, and a text that its clients branch on."""

from typing import Final

from waypost_api.error_responses import to_waypost_error
from waypost_api.json_response import JsonResponse
from waypost_common.errors import (
    ErrorCode,
    ForbiddenError,
    MethodNotAllowedError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    WaypostError,
)

MAX_TOLD: Final = 64
"""Characters of a caller's own value that an error repeats."""


class RequestRefusedError(WaypostError):
    """An error whose text is this dialect's own."""

    code = ErrorCode.VALIDATION_ERROR

    def __init__(self, status: int, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message, headers=headers)
        self.status = status


def missing_token() -> RequestRefusedError:
    return RequestRefusedError(401, "Missing token in header", headers={"WWW-Authenticate": "Bearer"})


def instance_not_found() -> NotFoundError:
    return NotFoundError("Instance not found")


def chat_not_found() -> NotFoundError:
    return NotFoundError("Chat not found")


def no_such_endpoint() -> NotFoundError:
    return NotFoundError("No such endpoint; /openapi.yaml lists them")


def method_not_allowed(allowed: str) -> MethodNotAllowedError:
    return MethodNotAllowedError("Method not allowed", headers={"Allow": allowed})


def rate_limited(*, retry_after: int) -> RateLimitedError:
    return RateLimitedError("Rate limit exceeded. Try again later.", headers={"Retry-After": str(retry_after)})


def not_connected() -> UnavailableError:
    return UnavailableError("Instance is not connected to WhatsApp")


def render(error: Exception) -> JsonResponse:
    """What a caller may know of `error`, in the shape of this dialect."""
    told = to_waypost_error(error)
    return JsonResponse({"success": False, "error": {"message": _text(told)}}, status=told.status, headers=told.headers)


def _text(error: WaypostError) -> str:
    match error:
        case UnauthorizedError():
            return "Invalid token"
        case ForbiddenError():
            return "Token lacks the permission to send"
        case UnavailableError(details={"operation": _}):
            return "No answer in time; the change may still be made, and may be asked for again"
        case _:
            return error.message[:1].upper() + error.message[1:]
