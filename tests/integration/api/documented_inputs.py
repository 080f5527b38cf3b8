"""Every place of every operation of the OpenAPI document that takes something from outside: path, query and body."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

DOCUMENT: Final = Path(__file__).parents[3] / "services/api/openapi.yaml"
METHODS: Final = ("get", "put", "post", "patch", "delete")

Fields = tuple[str, ...]
"""The names that lead to a field of a body."""


@dataclass(frozen=True)
class Taking:
    """An operation, and what it takes."""

    id: str
    method: str
    path: str
    """Whole, with `{names}`."""
    names: tuple[str, ...]
    """Of its path."""
    query: tuple[str, ...]
    bodies: tuple[Mapping[str, Any], ...]
    """Of JSON: each alternative's schema, by field."""
    lasts: bool

    def fields(self) -> Iterator[tuple[dict[str, Any], Fields]]:
        """Each field of a body, with what tells its alternative from the others."""
        for properties in self.bodies:
            kind = properties.get("type", {})
            kinds = [kind["const"]] if "const" in kind else kind.get("enum", [])
            yield from (({"type": kinds[0]} if kinds else {}, field) for field in _fields(properties))


@cache
def operations() -> tuple[Taking, ...]:
    return tuple(
        Taking(
            id=described["operationId"],
            method=method.upper(),
            path=path,
            names=_named(described, "path"),
            query=_named(described, "query"),
            bodies=tuple(_alternatives(described)),
            lasts="x-waypost-lasts" in described,
        )
        for path, methods in _document()["paths"].items()
        for method, described in methods.items()
        if method in METHODS
    )


def with_field(body: Mapping[str, Any], field: Fields, value: Any) -> dict[str, Any]:
    """The body with that value in that place."""
    changed = copy.deepcopy(dict(body))
    *above, last = field
    within = changed
    for name in above:
        within = within.setdefault(name, {})
    within[last] = value
    return changed


def _named(described: Mapping[str, Any], where: str) -> tuple[str, ...]:
    return tuple(one["name"] for one in described.get("parameters", []) if one["in"] == where)


def _alternatives(described: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    content = described.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        schema = _resolved(content["application/json"]["schema"])
        for one in schema.get("oneOf", [schema]):
            properties = _resolved(one)["properties"]
            yield {name: _resolved(value) for name, value in properties.items()}


def _fields(properties: Mapping[str, Any]) -> Iterator[Fields]:
    for name, schema in properties.items():
        yield (name,)
        yield from ((name, *rest) for rest in _fields(_resolved(schema).get("properties", {})))


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        found: Any = _document()
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())
    return document
