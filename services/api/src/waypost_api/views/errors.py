"""The error envelope, as the OpenAPI document describes it."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from waypost_common.errors import ErrorCode


class ErrorBody(TypedDict):
    code: ErrorCode
    message: str
    details: NotRequired[dict[str, Any]]


class ErrorEnvelope(TypedDict):
    error: ErrorBody
