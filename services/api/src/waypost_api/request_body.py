"""Reads request bodies and checks them, within bounds."""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar, Final, TypeVar

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from starlette.requests import Request

from waypost_api.settings import HttpSettings
from waypost_common.errors import ValidationFailedError

MAX_FIELDS_TOLD = 20


class RequestBody(BaseModel):
    """Base of the bodies: exact JSON types, unknown fields ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", use_attribute_docstrings=True)

    expected: ClassVar[Mapping[str, str]] = {}
    """What each field must be, as a caller is told who sent something else."""


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE_NUMBER: Final = BeforeValidator(_whole)
"""Of an integer: also as `5.0`, which JSON Schema takes for one too."""

Body = TypeVar("Body", bound=RequestBody)


async def read_body(request: Request[Any], settings: HttpSettings) -> bytes:
    """The whole body. Raises ValidationFailedError: 413 as soon as it is known to be too long, 408 when it takes too long."""
    limit = settings.max_body_bytes
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and (len(declared) > 15 or int(declared) > limit):
        raise _too_long(limit)
    received = bytearray()
    try:
        async with asyncio.timeout(settings.body_timeout_s):
            async for chunk in request.stream():
                received += chunk
                if len(received) > limit:
                    raise _too_long(limit)
    except TimeoutError as error:
        raise _closing(ValidationFailedError("the body took too long to arrive", status=408)) from error
    return bytes(received)


def _too_long(limit: int) -> ValidationFailedError:
    return _closing(ValidationFailedError(f"the body must not be longer than {limit} bytes", status=413))


def _closing(error: ValidationFailedError) -> ValidationFailedError:
    """What is still to come of the body is not read."""
    error.headers["Connection"] = "close"
    return error


def parse_body(model: type[Body], body: bytes, *, status: int) -> Body:
    """The body as `model`. Raises ValidationFailedError with `status`, naming the fields but never their values."""
    data = json_object(body, status=status)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ValidationFailedError("the body is malformed", status=status, fields=_fields(error, model)) from error


def json_object(body: bytes, *, status: int = 400) -> dict[str, Any]:
    """The body as a JSON object. Raises ValidationFailedError with `status`."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ValidationFailedError("the body is not JSON", status=status) from error
    if not isinstance(data, dict):
        raise ValidationFailedError("the body must be a JSON object", status=status)
    return data


def _fields(error: ValidationError, model: type[RequestBody]) -> dict[str, str]:
    told: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False)[:MAX_FIELDS_TOLD]:
        name = ".".join(str(part) for part in problem["loc"])
        told[name] = f"must be {model.expected[name]}" if name in model.expected else problem["msg"]
    return told
