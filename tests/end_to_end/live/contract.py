"""The OpenAPI document as these tests use it: operations by their names, and what each says that it answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

DOCUMENT = Path(__file__).parents[3] / "services/api/openapi.yaml"
BASE = "/api/v1/"
SECOND_DIALECT = "/api/chat/"


@dataclass(frozen=True)
class Documented:
    """One operation that is built."""

    id: str
    method: str
    path: str
    answers: Mapping[int, Mapping[str, Any]]
    """Its responses by status, references resolved."""

    def url(self, names: Mapping[str, str]) -> str:
        return self.path.format(**{name: quote(value, safe="") for name, value in names.items()})

    def check(self, answer: httpx.Response) -> None:
        """That the document tells of such an answer: the status, the kind of content, and its schema."""
        where = f"{self.id} {answer.status_code}"
        assert answer.status_code in self.answers, f"{where} is not documented: {answer.text[:500]}"
        content = self.answers[answer.status_code].get("content")
        if content is None:
            assert not answer.content, f"{where} has a body that is not documented: {answer.text[:500]}"
            return
        kind = answer.headers["content-type"].split(";")[0]
        assert kind in content, f"{where} is {kind}, which is not documented"
        if kind == "application/json":
            schema = {"components": _document()["components"], **content[kind]["schema"]}
            Draft202012Validator(schema).validate(answer.json())


@cache
def operations() -> Mapping[str, Documented]:
    """Every operation of both dialects that is built and needs a credential, but those whose answer does not end by itself."""
    return {one.id: one for one in _built()}


def each(status: int, *, of: str = BASE, but: tuple[str, ...] = ()) -> list[Any]:
    """For parametrize: the operations that document `status`, whose path holds `of`; each test is to see that answer."""
    return [
        pytest.param(one, id=one.id, marks=sees(one.id, status))
        for one in operations().values()
        if status in one.answers and of in one.path and one.id not in but
    ]


def sees(operation: str, *statuses: int) -> pytest.MarkDecorator:
    """Says that the test gets these answers of the operation. It fails when it does not."""
    return pytest.mark.sees(operation, statuses)


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())
    return document


def _built() -> Iterator[Documented]:
    for path, methods in _document()["paths"].items():
        for method, described in methods.items():
            if (
                path.startswith((BASE, SECOND_DIALECT))
                and "x-waypost-status" not in described
                and described.get("security") != []
                and "x-waypost-lasts" not in described
            ):
                answers = {int(status): _resolved(answer) for status, answer in described["responses"].items()}
                yield Documented(described["operationId"], method.upper(), path, answers)


def _resolved(answer: dict[str, Any]) -> dict[str, Any]:
    reference = answer.get("$ref")
    if reference is None:
        return answer
    found: Any = _document()
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)
