"""An AsyncAPI document is the same text every time, whatever order FastStream's sets have."""

from typing import Any

import yaml

from waypost_common.asyncapi import asyncapi_yaml


class FakeDescription:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def to_specification(self) -> "FakeDescription":
        return self

    def to_jsonable(self) -> dict[str, Any]:
        return self._document


def text(names: str) -> str:
    description: Any = FakeDescription(
        {
            "info": {"title": "x"},
            "channels": {name: {} for name in names},
            "operations": {name: {} for name in names},
            "components": {"schemas": {name: {} for name in names}, "messages": {}},
        }
    )
    return asyncapi_yaml(description)


def test_parts_are_in_order_of_their_names() -> None:
    assert text("ba") == text("ab")
    assert list(yaml.safe_load(text("ba"))) == ["info", "channels", "operations", "components"]
