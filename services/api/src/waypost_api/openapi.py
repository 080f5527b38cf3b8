"""The OpenAPI 3.1 document, made from the table of operations and the types of their bodies and answers."""

import re
from functools import cache
from typing import Any, Final

import yaml
from pydantic import TypeAdapter

from waypost_api.operation import API_PREFIX, Operation, QueryParameter
from waypost_api.second_dialect import openapi as second_dialect
from waypost_api.table import OPERATIONS
from waypost_api.views.errors import ErrorEnvelope
from waypost_api.views.operations import OperationView

TITLE: Final = "WhatsApp Gateway API"
VERSION: Final = "1.0.0"

ERRORS: Final = {
    400: "The request is malformed: `validation_error`.",
    401: "No valid credential: `unauthorized`.",
    403: "The credential lacks the capability: `forbidden`.",
    404: "Not there, or not the caller's: `not_found`.",
    409: "The `Idempotency-Key` was used for another request: `conflict`.",
    408: "The body took too long to arrive: `validation_error`.",
    413: "The body is too long: `validation_error`.",
    422: "The body is malformed: `validation_error`.",
    429: "The session's send limits, or WhatsApp's own: `rate_limited`; `Retry-After` tells the seconds.",
    501: "Nothing here can do this: `not_implemented`.",
    503: "A part of the gateway did not answer in time: `gateway_unavailable`; `details.operation` once a command was published.",
}
PATH_PARAMETERS: Final = {
    "session": "The WhatsApp session's id.",
    "cid": "The chat's JID (`@` as `%40` or raw).",
    "jid": "A JID (`@` as `%40` or raw).",
    "gid": "The group's JID (`@` as `%40` or raw).",
    "lid": "The contact's LID (`@` as `%40` or raw).",
    "mid": "WhatsApp's message id.",
    "id": "The webhook's id.",
    "operation": "The operation's id.",
}
COMMAND_PARAMETERS: Final = (
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key in the same organization gives the first outcome and runs nothing.",
        "schema": {"type": "string", "maxLength": 255},
    },
    {
        "name": "async",
        "in": "query",
        "description": "Answer 202 with the operation at once.",
        "schema": {"type": "boolean", "default": False},
    },
    {
        "name": "Prefer",
        "in": "header",
        "description": "`respond-async` is the same as `async=true`.",
        "schema": {"type": "string"},
    },
)

_REFERENCE: Final = "#/components/schemas/{model}"


def openapi_document() -> dict[str, Any]:
    types = [*dict.fromkeys(kind for operation in OPERATIONS for kind in (operation.answer, operation.body) if kind is not None)]
    types += [kind for kind in (OperationView, ErrorEnvelope, *second_dialect.TYPES) if kind not in types]
    schemas, components = TypeAdapter.json_schemas(
        [(kind, "validation", TypeAdapter(kind)) for kind in types], ref_template=_REFERENCE
    )
    references = {kind: schemas[kind, "validation"] for kind in types}
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        path = paths.setdefault(API_PREFIX + operation.path, {})
        path[operation.method.lower()] = _operation(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": VERSION,
            "description": "Times are Unix epoch milliseconds. Errors carry one envelope: branch on `error.code`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"apiKey": []}],
        "tags": [*({"name": tag} for tag in sorted({operation.tag.value for operation in OPERATIONS})), second_dialect.TAG_TEXT],
        "paths": {**dict(sorted(paths.items())), **second_dialect.paths(references), **_public_paths()},
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An api key (`wa_…`) or a login JWT."},
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                **second_dialect.SECURITY_SCHEMES,
            },
            "headers": second_dialect.headers(),
            "responses": {
                **{_response_name(status): _error(text, references) for status, text in ERRORS.items()},
                **second_dialect.responses(references),
            },
            "schemas": dict(sorted(components["$defs"].items())),
        },
    }


@cache
def openapi_yaml() -> str:
    return yaml.safe_dump(openapi_document(), sort_keys=False, allow_unicode=True, width=120)


def _operation(operation: Operation, references: dict[Any, Any]) -> dict[str, Any]:
    needs = "super_admin" if operation.super_admin else " or ".join(sorted(operation.capabilities))
    text = f"{operation.description} Needs the capability: {needs}.".strip()
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.title,
        "description": text,
        "tags": [operation.tag.value],
        "parameters": _parameters(operation),
        "responses": _responses(operation, references),
    }
    if not operation.implemented:
        described["x-waypost-status"] = "not-implemented"
    if operation.body is not None:
        content = {"application/json": {"schema": references[operation.body]}}
        described["requestBody"] = {"required": operation.body_required, "content": content}
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    path = [
        {"name": name, "in": "path", "required": True, "description": PATH_PARAMETERS[name], "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    commands = [dict(parameter) for parameter in COMMAND_PARAMETERS] if operation.changes else []
    return path + [_query(parameter) for parameter in operation.query] + commands


def _query(parameter: QueryParameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }


def _responses(operation: Operation, references: dict[Any, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    if operation.implemented:
        responses[str(operation.success)] = _success(operation.answer, references)
    if operation.changes:
        taken = _json(references[operation.accepted or OperationView])
        responses["202"] = {"description": "Taken; the operation tells the rest."} | taken
    statuses = {401, 403, 503, *operation.errors} | ({408, 413} if operation.changes else set())
    for status in sorted(statuses):
        responses[str(status)] = {"$ref": f"#/components/responses/{_response_name(status)}"}
    return dict(sorted(responses.items()))


def _success(answer: Any, references: dict[Any, Any]) -> dict[str, Any]:
    return {"description": "Done, nothing to say."} if answer is None else {"description": "Done."} | _json(references[answer])


def _error(text: str, references: dict[Any, Any]) -> dict[str, Any]:
    return {"description": text} | _json(references[ErrorEnvelope])


def _json(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": dict(schema)}}}


def _response_name(status: int) -> str:
    return f"Error{status}"


def _public_paths() -> dict[str, Any]:
    def public(identifier: str, summary: str, *statuses: tuple[str, str]) -> dict[str, Any]:
        responses = {status: {"description": text} for status, text in statuses}
        return {"get": {"operationId": identifier, "summary": summary, "security": [], "responses": responses}}

    return {
        "/healthz": public("healthz", "Whether the process lives", ("200", "It does.")),
        "/readyz": public("readyz", "Whether it can serve", ("200", "It can."), ("503", "What is missing.")),
        "/openapi.yaml": public("openapi", "This document", ("200", "OpenAPI 3.1.")),
        "/api/v1/openapi.yaml": public("openapiBelowBase", "This document", ("200", "OpenAPI 3.1.")),
    }
