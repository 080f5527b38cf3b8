import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.processes import wait_until

from waypost_local.errors import LocalError
from waypost_local.process import Child, run, start_time

PATIENT = (sys.executable, "-c", "import signal; signal.pause()")
DEAF = (
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()",
)


def wait_for(condition: Callable[[], bool]) -> None:
    wait_until(condition, "the condition", seconds=10)


def test_a_process_that_ends_early_is_named_with_its_exit_code_and_last_log_lines(tmp_path: Path) -> None:
    child = Child("store", (sys.executable, "-c", "print('no topic wa.events'); exit(3)"), os.environ, tmp_path / "store.log")
    with pytest.raises(LocalError, match=r"(?s)store ended with exit code 3; its log is .*store\.log; .*again\n    no topic"):
        child.wait_ready(lambda: "not ready", deadline_seconds=10)


def test_of_mongods_log_only_warnings_and_errors_are_shown(tmp_path: Path) -> None:
    lines = ('{"t":{},"s":"E",  "msg":"DBPathInUse"}', '{"t":{},"s":"I",  "msg":"Shutting down"}')
    child = Child(
        "mongod", (sys.executable, "-c", f"print(*{lines!r}, sep='\\n'); exit(100)"), os.environ, tmp_path / "mongod.log"
    )
    wait_for(lambda: child.exit_code is not None)
    assert child.last_lines() == f"\n    {lines[0]}"


def test_a_process_that_is_never_ready_is_named_with_what_it_waits_for(tmp_path: Path) -> None:
    child = Child("api", PATIENT, os.environ, tmp_path / "api.log")
    try:
        with pytest.raises(LocalError, match=r"api was not ready within 0\.1 s \(no outcomes yet\)"):
            child.wait_ready(lambda: "no outcomes yet", deadline_seconds=0.1)
    finally:
        child.stop(5)


def test_a_command_that_is_not_installed_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="run: make install"):
        Child("api", ("/nowhere/waypost-api",), os.environ, tmp_path / "api.log")


def test_a_process_deaf_to_sigterm_is_killed_at_the_deadline(tmp_path: Path) -> None:
    child = Child("deaf", DEAF, os.environ, tmp_path / "deaf.log")
    wait_for(lambda: "deaf" in child.last_lines())
    child.stop(deadline_seconds=0.1)
    assert child.exit_code == -signal.SIGKILL


def test_stopping_a_process_twice_does_nothing_more(tmp_path: Path) -> None:
    child = Child("once", PATIENT, os.environ, tmp_path / "once.log")
    child.stop(5)
    child.stop(5)
    assert child.exit_code == -signal.SIGTERM


def test_a_new_start_keeps_the_log_of_the_one_before(tmp_path: Path) -> None:
    log = tmp_path / "store.log"
    for word in ("first", "second"):
        child = Child("store", (sys.executable, "-c", f"print('{word}')"), os.environ, log)
        wait_for(lambda: child.exit_code is not None)  # noqa: B023 - called at once
    assert (log.read_text(), log.with_name("store.log.previous").read_text()) == ("second\n", "first\n")


def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from waypost_local.process import Child\n"
        f"child = Child('c', {DEAF!r}, os.environ, Path({str(tmp_path / 'c.log')!r}))\n"
        "print(child.pid, flush=True); signal.pause()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent, parent.stdout:
        child = int(parent.stdout.readline())
        wait_for(lambda: "deaf" in (tmp_path / "c.log").read_text())
        parent.kill()
    wait_for(lambda: start_time(child) is None)


def test_a_pid_is_told_apart_by_its_start_time() -> None:
    own = start_time(os.getpid())
    assert own is not None
    assert own == start_time(os.getpid())
    assert own > (start_time(1) or 0)


def test_a_process_that_has_ended_has_no_start_time() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    wait_for(lambda: start_time(ended.pid) is None)
    assert ended.wait() == 0


def test_a_command_run_to_its_end_gives_what_it_printed() -> None:
    done = run((sys.executable, "-c", "import sys; print('out'); sys.stderr.write('err'); sys.exit(4)"))
    assert (done.returncode, done.stdout, done.stderr) == (4, "out\n", "err")
