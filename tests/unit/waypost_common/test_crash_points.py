"""A crash point kills the process at the passing that was asked for, and never otherwise."""

import ast
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from waypost_common.crash_points import CrashAt, CrashPoint, CrashPoints, last_words
from waypost_common.settings import ServiceSettings

ROOT = Path(__file__).parents[3]
CASES = ROOT / "tests/faults"
PAGE = ROOT / "docs/reliability.md"
NAMES = {point.value for point in CrashPoint}
THREE_PASSINGS = """
from waypost_common.crash_points import CrashPoint, CrashPoints
crash = CrashPoints("store.after_claim:2")
for number in (1, 2, 3):
    crash.passed(CrashPoint.STORE_AFTER_PUBLISH)
    crash.passed(CrashPoint.STORE_AFTER_CLAIM)
    print(number, flush=True)
"""


def test_the_process_is_killed_at_the_passing_asked_for_and_says_where() -> None:
    done = subprocess.run([sys.executable, "-c", THREE_PASSINGS], capture_output=True, check=False, text=True)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == ["1"]
    assert done.stderr.splitlines() == [last_words(CrashPoint.STORE_AFTER_CLAIM, 2)]


def test_without_the_setting_every_point_is_passed() -> None:
    crash = CrashPoints(ServiceSettings().crash.at)
    for point in CrashPoint:
        crash.passed(point)


def test_a_name_alone_means_the_first_passing() -> None:
    assert CrashAt.parsed("api.waiting") == CrashAt(CrashPoint.API_WAITING, 1)


@pytest.mark.parametrize("text", ["", "ingest", "ingest.after_write:0", "ingest.after_write:-1", "ingest.after_write:x", ":1"])
def test_what_is_no_crash_point_is_refused_with_the_names_that_exist(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("WAYPOST_CRASH_AT", text)
    with pytest.raises(ValidationError) as refused:
        ServiceSettings()
    assert all(point.value in str(refused.value) for point in CrashPoint)


def test_a_service_told_of_an_unknown_point_ends_with_2_and_the_names() -> None:
    program = "from waypost_ingest.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"WAYPOST_CRASH_AT": "ingest.somewhere"}, capture_output=True, check=False, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("waypost-ingest: WAYPOST_CRASH_AT should be")
    assert "ingest.after_write" in done.stderr


def test_a_case_of_the_fault_suite_kills_at_each_point_and_at_no_other() -> None:
    texts = [
        node.value
        for module in sorted(CASES.glob("test_crash_points*.py"))
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert {text.partition(":")[0] for text in texts if re.fullmatch(r"[a-z_]+\.[a-z_]+:\d+", text)} == NAMES


def test_the_page_on_faults_has_the_guard_of_each_point_and_of_no_other() -> None:
    table = PAGE.read_text().partition("| killed at |")[2].partition("\n\n")[0]
    killed_at = [row.split("|")[1] for row in table.splitlines()[2:]]
    assert {name for cell in killed_at for name in re.findall(r"`([a-z]+\.[a-z_]+)`", cell)} == NAMES
