"""Each package declares what it imports, and nothing else: what another happens to bring may go with it."""

import ast
import re
import sys
import tomllib
from collections.abc import Collection
from pathlib import Path

import pytest
from tests.unit.architecture.sources import ROOT, trees

MEMBERS = [ROOT / path for path in ("libs/common", "libs/projection", "deploy/local", *sorted(map(str, ROOT.glob("services/*"))))]
DISTRIBUTIONS = {"jwt": "pyjwt", "yaml": "pyyaml", "ulid": "python-ulid"}
"""Where a package is imported under another name than it is installed by."""
NAMESPACES = {
    "opentelemetry.exporter.otlp.proto.http": "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "opentelemetry": "opentelemetry-api",
}
"""Where several distributions share a package."""
STARTED_AS_PROGRAMS = {"uvloop", "pip"}
"""Chosen by a setting of the server, or run."""


@pytest.mark.parametrize("member", MEMBERS, ids=lambda path: path.name)
def test_a_package_declares_what_it_imports(member: Path) -> None:
    project = tomllib.loads((member / "pyproject.toml").read_text())["project"]
    declared = {_name(one) for one in project["dependencies"]}
    extras = {extra: {_name(one) for one in names} for extra, names in project.get("optional-dependencies", {}).items()}
    imported = _third_party(member, but=extras)
    assert imported - declared == set()
    assert declared - imported <= STARTED_AS_PROGRAMS


def test_what_an_extra_brings_is_imported_in_the_part_that_it_is_named_for() -> None:
    [member] = [member for member in MEMBERS if member.name == "connector"]
    project = tomllib.loads((member / "pyproject.toml").read_text())["project"]
    for extra, names in project["optional-dependencies"].items():
        declared = {_name(one) for one in [*project["dependencies"], *names]}
        assert {_name(one) for one in names} <= _third_party(member, only=extra) <= declared


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=~! ;]", requirement, maxsplit=1)[0].lower()


def _third_party(member: Path, *, but: Collection[str] = (), only: str | None = None) -> set[str]:
    """Distributions that are imported; of the parts `but`, or all parts but `only`, nothing counts."""
    (own,) = (path.name for path in (member / "src").iterdir() if path.is_dir())
    names: set[str] = set()
    for module, tree in trees(f"{member.relative_to(ROOT)}/src"):
        part = module.removeprefix(f"{member.relative_to(ROOT)}/src/{own}/").partition("/")[0]
        if part in but or only not in (None, part):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
                names.add(node.module)
    shared = {_namespace(name) for name in names}
    roots = {name.partition(".")[0] for name in names if _namespace(name) is None} - set(sys.stdlib_module_names) - {own}
    return {DISTRIBUTIONS.get(name, name).replace("_", "-") for name in roots} | {one for one in shared if one is not None}


def _namespace(module: str) -> str | None:
    return next((name for prefix, name in NAMESPACES.items() if f"{module}.".startswith(f"{prefix}.")), None)
