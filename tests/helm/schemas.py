"""Whether an object is one that Kubernetes, or KEDA, knows: by JSON Schemas that refuse unknown fields."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry, Resource
from tests.helm.downloads import kubernetes_schemas

KEDA = Path(__file__).parent / "keda_scaled_object.json"


def mistakes(manifest: dict[str, Any], kubernetes: str) -> list[str]:
    """Empty when the object is as its schema wants it."""
    return [f"{error.json_path}: {error.message}" for error in _validator(_schema_of(manifest, kubernetes)).iter_errors(manifest)]


def _schema_of(manifest: dict[str, Any], kubernetes: str) -> Path:
    group, _, version = str(manifest["apiVersion"]).rpartition("/")
    if group == "keda.sh":
        return KEDA
    parts = [str(manifest["kind"]), *([group.partition(".")[0]] if group else []), version]
    return kubernetes_schemas(kubernetes) / f"{'-'.join(parts).lower()}.json"


@cache
def _validator(schema: Path) -> Draft202012Validator:
    def retrieve(uri: str) -> Resource[Any]:
        return Resource.from_contents(json.loads((schema.parent / uri.rpartition("/")[2]).read_text()))

    # The schemas of one version refer to each other by addresses, of which only the last part counts.
    registry: Registry[Any] = Registry(retrieve=cache(retrieve))  # type: ignore[call-arg]
    return Draft202012Validator(json.loads(schema.read_text()), registry=registry)
