"""What the two commands say when they cannot start: lines that name what is wrong, and no traceback."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from waypost_connector import main as connector
from waypost_connector.simulated import main as network

Arguments = list[str]
RUN: Arguments = ["run"]
REPLAY: Arguments = ["replay", "-", "--dry-run"]
NETWORK: Arguments = ["--data", "unused"]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("WAYPOST_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def invoke(program: str, arguments: Arguments, **environment: str) -> Result:
    app = connector.app if program == "waypost-connector" else network.app
    return CliRunner().invoke(app, arguments, env=environment, input="")


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("waypost-connector", RUN),
        ("waypost-connector", REPLAY),
        ("waypost-simulated-network", NETWORK),
    ],
)
@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("WAYPOST_METRICS_PORT", "70000", "WAYPOST_METRICS_PORT should be less than or equal to 65535"),
        ("WAYPOST_LOG_LEVEL", "secret", "WAYPOST_LOG_LEVEL should be 'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_wrong_setting_ends_a_command_with_one_line_that_names_the_variable(
    program: str, arguments: Arguments, name: str, value: str, line: str
) -> None:
    assert_is_named(program, arguments, name, value, line)


@pytest.mark.parametrize(("program", "arguments"), [("waypost-connector", RUN), ("waypost-simulated-network", NETWORK)])
@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("WAYPOST_NETWORK_PORT", "secret", "WAYPOST_NETWORK_PORT should be a valid integer"),
        ("WAYPOST_NETWORK_PORTS", "1", "WAYPOST_NETWORK_PORTS is no setting: did you mean WAYPOST_NETWORK_PORT?"),
    ],
)
def test_so_does_a_wrong_setting_of_the_backend(program: str, arguments: Arguments, name: str, value: str, line: str) -> None:
    assert_is_named(program, arguments, name, value, line)


def test_a_backend_that_is_not_installed_ends_the_connector_with_the_names_of_those_that_are() -> None:
    done = invoke("waypost-connector", RUN, WAYPOST_CONNECTOR_BACKEND="whatsmeow")
    assert done.exit_code == 2
    assert done.stderr.startswith("waypost-connector: WAYPOST_CONNECTOR_BACKEND is whatsmeow, but")
    assert done.stderr.endswith("there are: simulated\n")


def assert_is_named(program: str, arguments: Arguments, name: str, value: str, line: str) -> None:
    done = invoke(program, arguments, **{name: value})
    assert done.exit_code == 2
    assert done.stderr.startswith(f"{program}: {line}")
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.output


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "Missing option '--data'"),
        (["--data", "x", "--rate", "fast"], "Invalid value for '--rate'"),
        (["--data", "x", "--sessions", "0"], "Invalid value for '--sessions'"),
        (["--data", "x", "--languages", "en,xx"], "no phrases in xx; there are en,"),
        (["--data", "x", "--organization", "my org"], "Invalid value for '--organization'"),
        (["--data", "x", "--once"], "--once needs --events"),
    ],
)
def test_a_wrong_option_of_the_network_is_named(arguments: Arguments, line: str) -> None:
    done = invoke("waypost-simulated-network", arguments)
    assert done.exit_code == 2
    assert line in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    done = invoke("waypost-simulated-network", ["--data", str(file)])
    assert done.exit_code == 1
    assert f"the folder {file} of --data cannot be used" in done.output


@pytest.mark.parametrize("name", ["WAYPOST_NETWORK_PORT", "WAYPOST_METRICS_PORT"])
def test_a_port_in_use_is_named_by_its_setting(tmp_path: Path, taken_port: int, name: str) -> None:
    ports = {"WAYPOST_NETWORK_PORT": "0"} | {name: str(taken_port)}
    done = invoke("waypost-simulated-network", ["--data", str(tmp_path)], **ports)
    assert done.exit_code == 1
    assert f"cannot listen as {name} says" in done.output


@pytest.mark.parametrize("file", ["missing.ndjson", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, file: str) -> None:
    done = invoke("waypost-connector", ["replay", str(tmp_path / file)])
    assert done.exit_code == 2
    assert str(tmp_path / file).removesuffix("/.") in done.stderr


@pytest.mark.parametrize("arguments", [["run", "--help"], ["replay", "--help"]])
def test_help_has_an_example_and_the_exit_codes(arguments: Arguments) -> None:
    done = invoke("waypost-connector", arguments)
    assert done.exit_code == 0
    assert "Example" in done.stdout
    assert "Exit code: 0" in done.stdout
