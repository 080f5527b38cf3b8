"""The errors and headers that operations of the API have in common, as the OpenAPI document tells them."""

from typing import Any, Final

ERRORS: Final = {
    400: "The request is malformed: `validation_error`.",
    401: "No valid credential: `unauthorized`.",
    403: "The credential lacks the capability, or WhatsApp does not allow it: `forbidden`.",
    404: "Not there, or not the caller's: `not_found`.",
    408: "The body took too long to arrive: `validation_error`.",
    409: "Against the present state, or the `Idempotency-Key` was used for another request: `conflict`.",
    413: "The body is too long: `validation_error`.",
    422: "The body is malformed: `validation_error`.",
    429: "The session's send limits, or WhatsApp's own: `rate_limited`; `Retry-After` tells the seconds.",
    500: "A fault of the gateway, or an operation that failed: `internal`; `details.operation` once a command was published.",
    501: "Nothing here can do this: `not_implemented`.",
    503: "A part of the gateway did not answer in time: `gateway_unavailable`; `details.operation` once a command was published.",
}
REQUEST_ID: Final = "X-Request-Id"
HEADERS: Final = {
    REQUEST_ID: ("The request's own, where it is short and plain; else a new one. The log has it.", {"type": "string"}),
    "WWW-Authenticate": ("`Bearer`.", {"type": "string"}),
    "Retry-After": ("Seconds after which it may be tried again.", {"type": "integer", "minimum": 0}),
    "Location": ("The operation's path.", {"type": "string"}),
}
HEADERS_OF_STATUS: Final = {202: "Location", 401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


def header_components() -> dict[str, Any]:
    return {name: {"description": text, "required": True, "schema": schema} for name, (text, schema) in HEADERS.items()}


def headers_of(status: int, *, of_operation: bool = True) -> dict[str, Any]:
    """`of_operation` False: a 202 that answers with something else than an operation's record."""
    own = HEADERS_OF_STATUS.get(status) if of_operation else None
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (REQUEST_ID, own) if name is not None}


def response_name(status: int) -> str:
    return f"Error{status}"


def error_components(envelope: Any) -> dict[str, Any]:
    """`envelope` is the schema of an error."""
    content = {"application/json": {"schema": dict(envelope)}}
    return {
        response_name(status): {"description": text, "headers": headers_of(status), "content": content}
        for status, text in ERRORS.items()
    }
