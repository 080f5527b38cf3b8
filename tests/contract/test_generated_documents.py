"""The documents that `make generate` writes are current, and the AsyncAPI ones are sound. OpenAPI: test_openapi.py."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from waypost_common import topics
from waypost_common.settings import KafkaSettings

ROOT = Path(__file__).parents[2]
COMMANDS = Path(sys.executable).parent
ASYNCAPI = ("ingest", "store")
PACKAGES = [*ROOT.glob("libs/*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml"), ROOT / "deploy/local/pyproject.toml"]

Document = dict[str, Any]


def printed(*command: str | Path) -> str:
    """What a command prints with no setting of ours in the environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")}
    done = subprocess.run([str(word) for word in command], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def committed(service: str) -> Document:
    document: Document = yaml.safe_load((ROOT / f"services/{service}/asyncapi.yaml").read_text())
    return document


def values(node: object, key: str) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == key)
        for child in node.values():
            yield from values(child, key)
    elif isinstance(node, list):
        for child in node:
            yield from values(child, key)


def resolve(document: Document, reference: str) -> Any:
    assert reference.startswith("#/"), f"{reference} leaves the document"
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


@pytest.mark.parametrize("service", ASYNCAPI)
def test_the_committed_asyncapi_document_is_current(service: str) -> None:
    now = printed(COMMANDS / f"waypost-{service}", "asyncapi")
    assert (ROOT / f"services/{service}/asyncapi.yaml").read_text() == now, "run: make generate"


@pytest.mark.parametrize("service", ASYNCAPI)
def test_it_is_asyncapi_3_with_its_required_parts(service: str) -> None:
    document = committed(service)
    assert document["asyncapi"].startswith("3.")
    assert {"title", "version"} <= document["info"].keys()
    assert document["channels"]
    assert document["operations"]


def test_every_package_and_every_asyncapi_document_has_the_version_of_the_whole() -> None:
    projects = [tomllib.loads(path.read_text())["project"] for path in (ROOT / "pyproject.toml", *PACKAGES)]
    versions = {project["version"] for project in projects} | {committed(service)["info"]["version"] for service in ASYNCAPI}
    assert len(PACKAGES) == 7
    assert len(versions) == 1


@pytest.mark.parametrize("service", ASYNCAPI)
def test_a_reader_who_has_only_the_file_learns_where_the_topics_are_and_how_to_read_them(service: str) -> None:
    document = committed(service)
    assert "at least once" in document["info"]["description"]
    assert all("WAYPOST_KAFKA_BOOTSTRAP_SERVERS" in server["description"] for server in document["servers"].values())
    assert all(channel.get("description") for channel in document["channels"].values())


@pytest.mark.parametrize("service", ASYNCAPI)
def test_every_reference_leads_somewhere(service: str) -> None:
    document = committed(service)
    references = list(values(document, "$ref"))
    assert references
    for reference in references:
        assert isinstance(resolve(document, reference), dict), reference


@pytest.mark.parametrize("service", ASYNCAPI)
def test_every_operation_sends_or_receives_messages_of_its_channel(service: str) -> None:
    document = committed(service)
    for name, operation in document["operations"].items():
        assert operation["action"] in {"send", "receive"}, name
        channel = operation["channel"]["$ref"]
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"{channel}/messages/"), name
            assert "payload" in resolve(document, resolve(document, message["$ref"])["$ref"]), name


@pytest.mark.parametrize("service", ASYNCAPI)
def test_every_payload_is_a_sound_json_schema(service: str) -> None:
    for name, schema in committed(service)["components"]["schemas"].items():
        assert re.fullmatch(r"[A-Za-z0-9.\-_:]+", name)
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("service", ASYNCAPI)
def test_every_channel_is_a_declared_topic(service: str) -> None:
    declared = {topic.name for topic in topics.topics(KafkaSettings())}
    assert {channel["address"] for channel in committed(service)["channels"].values()} <= declared


@pytest.mark.parametrize("page", ["settings", "backend-protocol", "telemetry"])
def test_the_generated_pages_are_current(page: str) -> None:
    now = printed(sys.executable, f"docs/generate_{page.replace('-', '_')}.py")
    assert (ROOT / f"docs/{page}.md").read_text() == now, "run: make generate"


PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_of_this_repository_leads_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_every_setting_says_what_it_means() -> None:
    rows = [line for line in (ROOT / "docs/settings.md").read_text().splitlines() if line.startswith("| `WAYPOST_")]
    assert len(rows) > 40
    assert [row for row in rows if row.endswith("|  |")] == []
