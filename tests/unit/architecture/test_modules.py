"""Modules are short, and import only what they may."""

from collections import Counter

import pytest
from importlinter.cli import lint_imports
from tests.unit.architecture.sources import CODE, EVERYTHING, ROOT, called, calls, modules, trees

MOST_LINES = 300
VAGUE = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}


def test_no_module_is_longer_than_can_be_read_at_a_sitting() -> None:
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules(*EVERYTHING)}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [name for name, path in modules(*EVERYTHING) if path.stem in VAGUE] == []


def test_packages_import_only_what_the_contracts_allow(capsys: pytest.CaptureFixture[str]) -> None:
    broken = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    assert broken == 0, capsys.readouterr().out


def test_every_background_task_has_a_name() -> None:
    unnamed = Counter(
        name
        for name, tree in trees(*CODE)
        for call in calls(tree)
        if called(call) == "create_task" and not any(keyword.arg == "name" for keyword in call.keywords)
    )
    assert unnamed == {}
