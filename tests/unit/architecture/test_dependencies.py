"""Each package declares what it imports, and nothing else: what another happens to bring may go with it."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from tests.unit.architecture.sources import ROOT, trees

MEMBERS = [ROOT / path for path in ("libs/common", "libs/projection", "deploy/local", *sorted(map(str, ROOT.glob("services/*"))))]
DISTRIBUTIONS = {"jwt": "pyjwt", "yaml": "pyyaml", "ulid": "python-ulid"}
"""Where a package is imported under another name than it is installed by."""
STARTED_AS_PROGRAMS = {"uvloop", "pip"}
"""Chosen by a setting of the server, or run."""


@pytest.mark.parametrize("member", MEMBERS, ids=lambda path: path.name)
def test_a_package_declares_what_it_imports(member: Path) -> None:
    declared = {_name(one) for one in tomllib.loads((member / "pyproject.toml").read_text())["project"]["dependencies"]}
    imported = {DISTRIBUTIONS.get(name, name).replace("_", "-") for name in _third_party(member)}
    assert imported - declared == set()
    assert declared - imported <= STARTED_AS_PROGRAMS


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=~! ;]", requirement, maxsplit=1)[0].lower()


def _third_party(member: Path) -> set[str]:
    (own,) = (path.name for path in (member / "src").iterdir() if path.is_dir())
    names: set[str] = set()
    for _, tree in trees(f"{member.relative_to(ROOT)}/src"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
                names.add(node.module)
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - {own}
