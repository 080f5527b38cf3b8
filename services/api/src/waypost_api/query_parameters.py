"""Reads filters from the query string. Each raises ValidationFailedError for a value of the wrong kind."""

from collections.abc import Collection
from typing import Any, Final

from starlette.requests import Request

from waypost_api.operation import QueryParameter
from waypost_api.single_parameter import refused_parameter, single_parameter
from waypost_common.errors import ValidationFailedError
from waypost_common.identifiers import Jid
from waypost_common.jids import InvalidJidError, parse_jid

LIMIT: Final = QueryParameter(
    "limit",
    "How many at most, 1 to 200. Missing or 0 means 50; what is out of range is brought into it.",
    {"type": "integer", "default": 50},
)
CURSOR: Final = QueryParameter("cursor", "The `nextCursor` of the page before, unchanged.", {"type": "string"})
PAGE: Final = (LIMIT, CURSOR)

_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
MAX_TEXT_LENGTH: Final = 100


def boolean(request: Request[Any], name: str) -> bool | None:
    text = single_parameter(request, name)
    if not text:
        return None
    if text not in _BOOLEANS:
        raise refused_parameter(name, "must be true or false")
    return _BOOLEANS[text]


def choice(request: Request[Any], name: str, choices: Collection[str]) -> str | None:
    text = single_parameter(request, name)
    if not text:
        return None
    if text not in choices:
        raise refused_parameter(name, f"must be one of {', '.join(sorted(choices))}")
    return text


def jid(request: Request[Any], name: str) -> Jid | None:
    text = single_parameter(request, name)
    if not text:
        return None
    try:
        return parse_jid(text)
    except InvalidJidError as error:
        raise refused_parameter(name, "must be a JID") from error


def search_text(request: Request[Any], name: str) -> str:
    text = (single_parameter(request, name) or "").strip()
    if len(text) > MAX_TEXT_LENGTH or "\0" in text:
        raise refused_parameter(name, f"must be text of at most {MAX_TEXT_LENGTH} characters")
    return text


def missing(name: str, expected: str) -> ValidationFailedError:
    return refused_parameter(name, f"is required: {expected}")
