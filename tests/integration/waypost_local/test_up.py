"""`waypost-local up` as a newcomer types it: the real system, on ports and in a folder of its own."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from waypost_local.ports import free_port

COMMAND = str(Path(sys.executable).parent / "waypost-local")
NAMES = ["mongod", "kafka", "store", "ingest", "api", "simulated-network", "connector"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class System:
    data: Path
    ports: tuple[str, ...]

    def run(self, command: str, *options: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")} | settings
        return subprocess.run(
            [COMMAND, command, "--data", str(self.data), *options],
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def up(self, **settings: str) -> str:
        done = self.run("up", "--detach", *self.ports, **settings)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return found


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    flags = ("--api-port", "--kafka-port", "--mongo-port")
    ports = tuple(word for flag in flags for word in (flag, str(free_port())))
    system = System(tmp_path_factory.mktemp("system") / "my d\u00e1ta", ports)
    yield system
    system.run("down")


@pytest.fixture(scope="module")
def first_words(system: System) -> str:
    """What the first `up` printed. The system runs from here on."""
    return system.up()


def curl_lines(printed: str) -> list[str]:
    return re.findall(r"^ *(curl .*)$", printed, re.MULTILINE)


def test_every_printed_command_works_as_pasted(first_words: str) -> None:
    lines = curl_lines(first_words)
    assert len(lines) == 4
    for line in lines:
        answer = json.loads(subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout)
        assert "error" not in answer, line
        assert answer.get("data") or answer.get("pinned") is True, line


def test_status_names_every_process_with_its_pid(system: System, first_words: str) -> None:
    status = system.status()
    assert (status["state"], [service["name"] for service in status["services"]]) == ("running", NAMES)
    assert all(Path("/proc", str(service["pid"])).exists() for service in status["services"])


def test_the_exports_let_a_shell_talk_to_the_system(system: System, first_words: str) -> None:
    exports = system.run("env").stdout
    script = f'{exports}\ncurl -sf -H "x-api-key: $WAYPOST_DEMO_KEY" $WAYPOST_API_URL/api/v1/sessions'
    sessions = json.loads(subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout)
    assert len(sessions["data"]) == 3


def test_the_demo_key_is_for_the_whole_system_also_its_pipeline(system: System, first_words: str) -> None:
    script = f'{system.run("env").stdout}\ncurl -sf -H "x-api-key: $WAYPOST_DEMO_KEY" $WAYPOST_API_URL/api/v1/pipeline'
    pipeline = json.loads(subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout)
    assert pipeline["generation"] == 1


def test_a_second_up_on_the_same_folder_says_what_to_do(system: System, first_words: str) -> None:
    second = system.run("up", *system.ports)
    assert second.returncode == 1
    assert re.fullmatch(r"error: a system already runs on .*: stop it with `waypost-local down .*\n", second.stderr)


def test_a_taken_port_stops_another_system_before_it_starts_anything(system: System, first_words: str, tmp_path: Path) -> None:
    second = System(tmp_path / "second", system.ports).run("up", *system.ports)
    assert second.returncode == 1
    assert re.fullmatch(r"error: port \d+ \(API\) is in use: .* with --api-port\n", second.stderr)


def test_after_down_nothing_is_left_and_a_later_up_finds_key_and_documents_again(system: System, first_words: str) -> None:
    """Also in a shell that took over the settings of the system that was stopped."""
    pids = [service["pid"] for service in system.status()["services"]]
    exports = dict(re.findall(r"^export (\w+)=(\S+)$", system.run("env").stdout.replace("'", ""), re.MULTILINE))
    assert exports["WAYPOST_MONGO_URL"].startswith("mongodb://127.0.0.1:")
    assert system.run("down").returncode == 0
    assert not any(Path("/proc", str(pid)).exists() for pid in pids)
    assert system.status()["state"] == "stopped"

    lines = curl_lines(system.up(**exports))
    assert lines[0] == curl_lines(first_words)[0]
    pinned = json.loads(subprocess.run(["bash", "-c", curl_lines(first_words)[-1]], capture_output=True, check=True).stdout)
    assert pinned["pinned"] is True
