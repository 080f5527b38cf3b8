"""The committed OpenAPI document is the one that the code makes, is valid, and tells all operations."""

from pathlib import Path

import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from waypost_api.openapi import openapi_document, openapi_yaml
from waypost_api.table import OPERATIONS

FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where PyYAML was built with it
COMMITTED = Path(__file__).parents[2] / "services/api/openapi.yaml"


def test_the_committed_document_is_current() -> None:
    assert COMMITTED.read_text() == openapi_yaml(), "run: waypost-api openapi > services/api/openapi.yaml"


def test_the_document_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(yaml.load(COMMITTED.read_text(), FastLoader)).validate()


def test_every_operation_is_described_and_marked_when_it_is_not_built() -> None:
    document = openapi_document()
    for operation in OPERATIONS:
        described = document["paths"]["/api/v1" + operation.path][operation.method.lower()]
        assert described["operationId"] == operation.id
        assert (described.get("x-waypost-status") == "not-implemented") is not operation.implemented


def test_title_and_version_are_the_contracts() -> None:
    info = openapi_document()["info"]
    assert (info["title"], info["version"]) == ("WhatsApp Gateway API", "1.0.0")
