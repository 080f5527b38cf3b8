"""An AsyncAPI document is the same text every time, whatever order FastStream's sets have."""

from importlib.metadata import version
from typing import Any

import yaml

from waypost_common.asyncapi import asyncapi_yaml, describe_service
from waypost_common.broker import create_broker
from waypost_common.settings import KafkaSettings


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


def test_text_of_several_lines_is_written_as_such() -> None:
    description: Any = FakeDescription(
        {"info": {"description": "One.\nTwo.\n"}, "channels": {}, "operations": {}, "components": {}}
    )
    assert "description: |\n    One.\n    Two.\n" in asyncapi_yaml(description)


def test_a_service_is_described_with_the_version_of_its_package() -> None:
    broker = create_broker(KafkaSettings(), client_id="unit")
    described = describe_service(broker, package="waypost-store", title="T", description="What it is for.")
    info = yaml.safe_load(asyncapi_yaml(described))["info"]
    assert (info["title"], info["version"]) == ("T", version("waypost-store"))
    assert info["description"].startswith("What it is for.\n\nTopics are made by `waypost migrate`")
