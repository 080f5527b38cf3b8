"""The one tree of errors that a caller may see, and the codes they carry. Rendered once, by the API's handler."""

from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    VALIDATION_ERROR = "validation_error"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    NOT_IMPLEMENTED = "not_implemented"
    GATEWAY_UNAVAILABLE = "gateway_unavailable"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    INTERNAL = "internal"


class CannotRunError(Exception):
    """A program must not start or go on. The text is one line that says why and what to do; it never holds a secret."""


class WaypostError(Exception):
    """Base of the tree. `message` is shown to the caller: never a secret, never message text."""

    code: ErrorCode = ErrorCode.INTERNAL
    status: int = 500

    def __init__(self, message: str, *, details: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.headers = headers or {}


class UnauthorizedError(WaypostError):
    code, status = ErrorCode.UNAUTHORIZED, 401

    def __init__(self, message: str = "a valid bearer token or api key is required") -> None:
        super().__init__(message, headers={"WWW-Authenticate": "Bearer"})


class ForbiddenError(WaypostError):
    code, status = ErrorCode.FORBIDDEN, 403


class NotFoundError(WaypostError):
    code, status = ErrorCode.NOT_FOUND, 404


class MethodNotAllowedError(WaypostError):
    code, status = ErrorCode.METHOD_NOT_ALLOWED, 405


class ValidationFailedError(WaypostError):
    """400, or 422 where the operation documents that; `fields` tells what is wrong with which field."""

    code = ErrorCode.VALIDATION_ERROR

    def __init__(self, message: str, *, status: int = 400, fields: dict[str, str] | None = None) -> None:
        super().__init__(message, details={"fields": fields} if fields else None)
        self.status = status


class ConflictError(WaypostError):
    code, status = ErrorCode.CONFLICT, 409


class RateLimitedError(WaypostError):
    code, status = ErrorCode.RATE_LIMITED, 429


class OperationFailedError(WaypostError):
    """The command's outcome was `failed`; details name the operation."""

    code, status = ErrorCode.INTERNAL, 500


class UnsupportedOperationError(WaypostError):
    code, status = ErrorCode.NOT_IMPLEMENTED, 501


class UnavailableError(WaypostError):
    """A part of the gateway did not answer in time. Safe to try again after `Retry-After` seconds."""

    code, status = ErrorCode.GATEWAY_UNAVAILABLE, 503

    def __init__(self, message: str, *, retry_after: int = 1, details: dict[str, Any] | None = None) -> None:
        super().__init__(message, details=details, headers={"Retry-After": str(retry_after)})
