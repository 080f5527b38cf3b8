"""Nothing knows a backend but its own package: what is true of the simulated one would else be taken for true of all."""

import ast
from collections.abc import Iterator

from tests.unit.architecture.sources import trees

CONNECTOR = "services/connector/src/waypost_connector"
SIMULATED = "waypost_connector.simulated"
DEFAULTS = {"libs/common/src/waypost_common/settings.py", f"{CONNECTOR}/settings.py"}
"""Which backend there is where nobody says otherwise."""


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def outside(part: str) -> Iterator[tuple[str, ast.Module]]:
    """Every module of the product but those of this part of the connector."""
    return ((name, tree) for name, tree in trees("libs", "services", "deploy") if not name.startswith(f"{CONNECTOR}/{part}/"))


def test_nothing_imports_the_simulated_backend() -> None:
    found = {name for name, tree in outside("simulated") for module in imported(tree) if f"{module}.".startswith(f"{SIMULATED}.")}
    assert found == set()


def test_nothing_names_the_simulated_backend_but_the_defaults() -> None:
    found = {
        name
        for name, tree in outside("simulated")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value == "simulated"
    }
    assert found <= DEFAULTS


def test_only_the_conformance_suite_imports_pytest_and_nothing_imports_the_suite() -> None:
    for name, tree in outside("conformance"):
        modules = set(imported(tree))
        assert not {module for module in modules if module.startswith(("pytest", "waypost_connector.conformance"))}, name
