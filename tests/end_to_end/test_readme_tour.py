"""The README's tour works as pasted: every command of its shell blocks runs, and answers what the README prints."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.readme_tour import ROOT, Shell, difference, parse_shortened, take_the_tour

from waypost_local.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

MAKE = """
    make() {
        case $1 in
            up) .venv/bin/waypost-local up --detach %s ;;
            down) .venv/bin/waypost-local down ;;
        esac
    }
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell in a folder that looks like a clone after `make install`, with a system running as after `make up`."""
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    ports = f"--api-port {free_port()} --kafka-port {free_port()} --mongo-port {free_port()}"
    shell = Shell(tmp_path, MAKE % ports)
    try:
        shell.run("make up")
        yield shell
    finally:
        shell.run("make down")
        shell.close()


def test_every_command_of_the_tour_answers_as_printed(shell: Shell) -> None:
    take_the_tour(shell)


@pytest.mark.parametrize(
    ("printed", "actual"),
    [
        ('{"a": 1, …}', {"a": 2, "b": None}),
        ('[{"a": "x…"}, …]', [{"a": "y"}, {"a": "z"}]),
        ('{"a": {"b": []}}', {"a": {"b": []}}),
    ],
)
def test_an_answer_of_the_printed_shape_is_alike(printed: str, actual: object) -> None:
    assert difference(parse_shortened(printed), actual) is None


@pytest.mark.parametrize(
    ("printed", "actual"),
    [
        ('{"a": 1}', {"a": 1, "b": 2}),
        ('{"a": 1}', {"a": "1"}),
        ('{"a": 1}', {"a": None}),
        ('{"a": true}', {"a": 1}),
        ('[{"a": 1}]', []),
        ('[{"a": 1}, …]', [{"a": 1}, {"b": 1}]),
    ],
)
def test_an_answer_of_another_shape_is_told(printed: str, actual: object) -> None:
    assert difference(parse_shortened(printed), actual) is not None
