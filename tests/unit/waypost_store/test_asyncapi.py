"""The committed AsyncAPI document is the one that the running app gives."""

from pathlib import Path

import pytest
import yaml

from waypost_store.main import asyncapi_document

COMMITTED = Path(__file__).parents[3] / "services" / "store" / "asyncapi.yaml"


def test_the_committed_document_is_current() -> None:
    assert COMMITTED.read_text() == asyncapi_document(), "run: waypost-store asyncapi > services/store/asyncapi.yaml"


def test_the_document_is_the_same_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYPOST_KAFKA_TOPIC_PREFIX", "other.")
    assert COMMITTED.read_text() == asyncapi_document()


def test_the_document_names_what_is_read_and_what_is_written() -> None:
    document = yaml.safe_load(COMMITTED.read_text())
    assert document["asyncapi"].startswith("3.")
    actions = {
        (operation["action"], document["channels"][operation["channel"]["$ref"].rpartition("/")[2]]["address"])
        for operation in document["operations"].values()
    }
    assert actions == {
        ("receive", "wa.commands.store"), ("receive", "wa.outcomes"), ("send", "wa.events"), ("send", "wa.outcomes"),
        ("send", "wa.commands.live.simulated"),
    }  # fmt: skip
