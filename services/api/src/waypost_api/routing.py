"""Starlette routes from the table of operations."""

import re
from collections.abc import Iterable
from typing import Final

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.routing import Route

from waypost_api.dispatch import PathEndpoint
from waypost_api.operation import API_PREFIX, Operation


class ColonFreeConvertor(StringConvertor):
    """A path segment up to the colon that begins an action (`:start`)."""

    regex = "[^/:]+"


class AddressConvertor(StringConvertor):
    """A JID, perhaps with a device part (`628:12@s.whatsapp.net`), up to the colon that begins an action."""

    regex = r"[^/:]+(?::\d+@[^/:]*)?"


register_url_convertor("name", ColonFreeConvertor())
register_url_convertor("address", AddressConvertor())

_ASKED_MOST: Final = ("/sessions/{session}/chats", "/sessions/{session}/messages")
"""Tried first: Starlette tries one route after another, and thirty that do not match cost a twentieth of a list of chats."""
_CONVERTORS = {"jid": "address", "cid": "address", "gid": "address", "lid": "address", "mid": "str"}


def route_path(path: str) -> str:
    return API_PREFIX + re.sub(r"{(\w+)}", lambda match: f"{{{match[1]}:{_CONVERTORS.get(match[1], 'name')}}}", path)


def routes_of(operations: Iterable[Operation]) -> list[Route]:
    """One route a path, so that 405 lists all its methods; fixed segments come before named ones of the same place."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        methods = by_path.setdefault(operation.path, {})
        if operation.method in methods:
            raise ValueError(f"two operations for {operation.method} {operation.path}")
        methods[operation.method] = operation
    paths = sorted(by_path, key=lambda path: [("{" in segment, segment) for segment in path.split("/")])
    paths.sort(key=lambda path: not path.startswith(_ASKED_MOST))
    return [Route(route_path(path), PathEndpoint(by_path[path]), methods=list(by_path[path]), name=path) for path in paths]
