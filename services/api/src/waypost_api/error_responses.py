"""The one place where an error becomes a response (the envelope of the HTTP contract)."""

import traceback

import structlog
from pymongo.errors import OperationFailure, PyMongoError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from waypost_api.json_response import JsonResponse
from waypost_common.errors import (
    MethodNotAllowedError,
    NotFoundError,
    UnavailableError,
    ValidationFailedError,
    WaypostError,
)
from waypost_common.mongo import is_outage

log = structlog.stdlib.get_logger(__name__)


def to_waypost_error(error: Exception) -> WaypostError:
    """What a caller may know of `error`. An unexpected one is logged without its text, which may hold user data (rule R9)."""
    match error:
        case WaypostError():
            return error
        case HTTPException():
            return _of_routing(error)
        case PyMongoError() if is_outage(error):
            return UnavailableError("the documents cannot be read at the moment; try again")
        case TimeoutError():
            return UnavailableError("the answer took too long; try again")
        case _:
            frames = "".join(traceback.format_tb(error.__traceback__))
            code = error.code if isinstance(error, OperationFailure) else None
            log.error("request_failed_unexpectedly", error=type(error).__name__, mongo_code=code, frames=frames)
            return WaypostError("something went wrong inside the gateway; its log has the request id")


def _of_routing(error: HTTPException) -> WaypostError:
    if error.status_code == 404:
        return NotFoundError("no such route; /openapi.yaml lists them")
    if error.status_code == 405:
        return MethodNotAllowedError("this route does not take that method", headers=dict(error.headers or {}))
    return ValidationFailedError("the request is malformed", status=error.status_code)


def render(error: WaypostError) -> JsonResponse:
    body: dict[str, object] = {"code": error.code.value, "message": error.message}
    if error.details is not None:
        body["details"] = error.details
    headers = dict(error.headers)
    if error.status == 429:
        headers.setdefault("Retry-After", "1")
    return JsonResponse({"error": body}, status=error.status, headers=headers)


def render_exception(_request: Request, error: Exception) -> Response:
    return render(to_waypost_error(error))
