"""The OpenAPI 3.1 document, made from the table of operations and the types of their bodies and answers."""

from functools import cache
from typing import Any, Final

import yaml
from pydantic import TypeAdapter

from waypost_api.openapi_answers import ERRORS, error_components, header_components, headers_of, response_name
from waypost_api.openapi_examples import EXAMPLES
from waypost_api.openapi_parameters import parameters_of
from waypost_api.operation import API_PREFIX, Operation
from waypost_api.second_dialect import openapi as second_dialect
from waypost_api.table import OPERATIONS
from waypost_api.views.errors import ErrorEnvelope
from waypost_api.views.operations import OperationView

TITLE: Final = "WhatsApp Gateway API"
VERSION: Final = "1.0.0"
NOT_BUILT: Final = "not-implemented"

_REFERENCE: Final = "#/components/schemas/{model}"


def openapi_document() -> dict[str, Any]:
    references, schemas = _schemas()
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        path = paths.setdefault(API_PREFIX + operation.path, {})
        path[operation.method.lower()] = _operation(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": VERSION,
            "description": "Times are Unix epoch milliseconds. Errors carry one envelope: branch on `error.code`. A fault of "
            "the gateway is 500 `internal`, and so is a command that failed (`details.operation`), at any operation. What is not "
            f"built yet is marked `x-waypost-status: {NOT_BUILT}`: 501 after 401, 403 and 404, whatever its body says.",
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
            "headers": {**header_components(), **second_dialect.headers()},
            "responses": {**error_components(references[ErrorEnvelope]), **second_dialect.responses(references)},
            "schemas": schemas,
        },
    }


@cache
def openapi_yaml() -> str:
    return yaml.dump(openapi_document(), Dumper=_WithoutAliases, sort_keys=False, allow_unicode=True, width=120)


class _WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _schemas() -> tuple[dict[Any, Any], dict[str, Any]]:
    """How each type is referred to, and what is referred to, by name."""
    types = [kind for operation in OPERATIONS for kind in (operation.answer, operation.body) if kind is not None]
    types = [*dict.fromkeys([*types, OperationView, ErrorEnvelope, *second_dialect.TYPES])]
    schemas, components = TypeAdapter.json_schemas(
        [(kind, "validation", TypeAdapter(kind)) for kind in types], ref_template=_REFERENCE
    )
    named: dict[str, Any] = {name: _tidied(schema) for name, schema in sorted(components["$defs"].items())}
    for name, examples in EXAMPLES.items():
        named[name]["examples"] = list(examples)
    return {kind: _tidied(schemas[kind, "validation"]) for kind in types}, named


def _tidied(schema: Any) -> Any:
    """Without the titles that pydantic makes of field names, and with the size of integers."""
    match schema:
        case dict():
            kept = {name: _tidied(part) for name, part in schema.items() if name != "title" or not isinstance(part, str)}
            return {**kept, "format": "int64"} if kept.get("type") == "integer" else kept
        case list():
            return [_tidied(part) for part in schema]
        case _:
            return schema


def _operation(operation: Operation, references: dict[Any, Any]) -> dict[str, Any]:
    needs = "super_admin" if operation.super_admin else " or ".join(sorted(operation.capabilities))
    text = f"{operation.description} Needs the capability: {needs}.".strip()
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.title,
        "description": text,
        "tags": [operation.tag.value],
        "parameters": parameters_of(operation),
        "responses": _responses(operation, references),
    }
    if not operation.implemented:
        described["x-waypost-status"] = NOT_BUILT
    if operation.lasts:
        described["x-waypost-lasts"] = True
    if operation.body is not None:
        content = {operation.body_media: {"schema": references[operation.body]}}
        described["requestBody"] = {"required": operation.body_required, "content": content}
    return described


def _responses(operation: Operation, references: dict[Any, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    if operation.success not in ERRORS:
        responses[str(operation.success)] = _success(operation, references)
    if operation.changes:
        content = {"application/json": {"schema": references[operation.accepted or OperationView]}}
        responses["202"] = {"description": "Taken; the operation tells the rest.", "headers": headers_of(202), "content": content}
    statuses = {401, 403, 503, *operation.errors} | ({408, 413} if operation.changes else set())
    for status in sorted(statuses):
        responses[str(status)] = {"$ref": f"#/components/responses/{response_name(status)}"}
    return dict(sorted(responses.items()))


def _success(operation: Operation, references: dict[Any, Any]) -> dict[str, Any]:
    done = "Done." if operation.implemented else "Once it is built."
    described: dict[str, Any] = {"description": done, "headers": headers_of(operation.success, of_operation=False)}
    content: dict[str, Any] = {media: {"schema": {}} for media in operation.other_media}
    if operation.answer is not None:
        content = {"application/json": {"schema": references[operation.answer]}, **content}
    if content:
        described["content"] = content
    return described


def _public_paths() -> dict[str, Any]:
    plain, document = "text/plain", "application/yaml"

    def public(identifier: str, summary: str, media: str, *statuses: tuple[int, str]) -> dict[str, Any]:
        content = {media: {"schema": {"type": "object" if media == document else "string"}}}
        responses = {
            str(status): {"description": text, "headers": headers_of(status), "content": content} for status, text in statuses
        }
        return {"get": {"operationId": identifier, "summary": summary, "security": [], "responses": responses}}

    return {
        "/healthz": public("healthz", "Whether the process lives", plain, (200, "It does.")),
        "/readyz": public("readyz", "Whether it can serve", plain, (200, "It can."), (503, "What is missing.")),
        "/openapi.yaml": public("openapi", "This document", document, (200, "OpenAPI 3.1.")),
        f"{API_PREFIX}/openapi.yaml": public("openapiBelowBase", "This document", document, (200, "OpenAPI 3.1.")),
    }
