"""The operations of this dialect, as the OpenAPI document tells them."""

from collections.abc import Mapping
from typing import Any, Final

from waypost_api.second_dialect.operations import OPERATIONS, PREFIX, TAG, InstanceOperation
from waypost_api.second_dialect.replies import DialectError

TYPES: Final = tuple(dict.fromkeys((*(kind for one in OPERATIONS for kind in (one.answer, one.body)), DialectError)))
"""Of the bodies and answers: what needs references."""

TAG_TEXT: Final = {
    "name": TAG,
    "description": "Endpoints of another product, for its clients. Errors have another envelope: docs/second-dialect.md.",
}

SECURITY_SCHEMES: Final = {
    "token": {"type": "apiKey", "in": "header", "name": "token", "description": "An api key (`wa_…`) or a login JWT."},
}
RATE_LIMIT: Final = {
    "X-RateLimit-Limit": "Requests a minute that the token may make below `/api/chat`.",
    "X-RateLimit-Remaining": "How many of them are left.",
    "X-RateLimit-Reset": "When the whole limit is there again: Unix epoch seconds.",
}
ERRORS: Final = {
    400: "`Instance name is required`, `Invalid request body: …`, `Number is required`, `Invalid number: …` or, of mute, "
    "`Invalid duration: …`.",
    401: "`Missing token in header` or `Invalid token`.",
    403: "The token lacks the capability `send`.",
    404: "`Instance not found`, also for a label that two sessions share, or `Chat not found`.",
    408: "The body took too long to arrive.",
    413: "The body is too long.",
    429: "`Rate limit exceeded. Try again later.`",
    500: "A fault of the gateway.",
    503: "`Instance is not connected to WhatsApp`, or a part of the gateway did not answer in time.",
}


def paths(references: Mapping[Any, Any]) -> dict[str, Any]:
    return {f"{PREFIX}/{one.name}/{{instance}}": {one.method.lower(): _operation(one, references)} for one in OPERATIONS}


def headers() -> dict[str, Any]:
    return {name: {"description": text, "required": True, "schema": {"type": "integer"}} for name, text in RATE_LIMIT.items()}


def responses(references: Mapping[Any, Any]) -> dict[str, Any]:
    return {_response_name(status): _response(text, references[DialectError]) for status, text in ERRORS.items()}


def _operation(operation: InstanceOperation, references: Mapping[Any, Any]) -> dict[str, Any]:
    errors = {str(status): {"$ref": f"#/components/responses/{_response_name(status)}"} for status in ERRORS}
    return {
        "operationId": operation.id,
        "summary": operation.title,
        "description": f"{operation.description} Idempotent. Needs the capability: send.".strip(),
        "tags": [TAG],
        "security": [{"token": []}, {"bearer": []}],
        "parameters": [
            {
                "name": "instance",
                "in": "path",
                "required": True,
                "description": "A session's id, or its label where no other session of the organization has it.",
                "schema": {"type": "string", "minLength": 1},
                "example": "Support line",
            }
        ],
        "requestBody": {"required": True, **_json(references[operation.body])},
        "responses": {"200": _response("Done, and can be read.", references[operation.answer]), **errors},
    }


def _response(text: str, schema: Any) -> dict[str, Any]:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in RATE_LIMIT}
    return {"description": text, "headers": headers, **_json(schema)}


def _response_name(status: int) -> str:
    return f"DialectError{status}"


def _json(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": dict(schema)}}}
