"""Child processes: started so that they never outlive us, watched, and stopped by their own pid."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from waypost_local.errors import LocalError

LOG_LINES_SHOWN = 12
_CHATTER = '"s":"I"'
"""In mongod's log, what is no warning or error: long lines that tell nothing of why it ended."""
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with(parent: int) -> Callable[[], None]:
    """What the child runs before its program: the kernel kills it when the thread that started it ends."""

    def prepare() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end and gives what it printed. Blocks; never raises for its exit code."""
    return subprocess.run(  # noqa: S603 - the commands are ours, and no shell reads them
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        start_new_session=True,
        preexec_fn=_die_with(os.getpid()),
    )


class Child:
    """A running process. Start it in a thread that lives as long as it should: it dies with that thread.

    It has a session of its own, so that Ctrl-C on a terminal reaches only us and the stopping has an order.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_name(log.name + ".previous"))
        with log.open("wb") as output:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - as above
                    command,
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - as above
                )
            except FileNotFoundError as error:
                raise LocalError(f"{name}: the command {command[0]} is not there; run: make install") from error

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def require_running(self) -> None:
        """Raises LocalError with the last log lines when the process has ended."""
        if self.exit_code is not None:
            raise LocalError(
                f"{self.name} ended {_how(self.exit_code)}; its log is {self.log}; "
                f"put right what it says, then start again{self.last_lines()}"
            )

    def wait_ready(self, missing: Callable[[], str | None], deadline_seconds: float) -> None:
        """Blocks until nothing is `missing`. Raises LocalError at the deadline or when the process ends."""
        deadline = time.monotonic() + deadline_seconds
        while (reason := missing()) is not None:
            self.require_running()
            if time.monotonic() > deadline:
                raise LocalError(
                    f"{self.name} was not ready within {deadline_seconds:g} s ({reason}); "
                    f"its log is {self.log}{self.last_lines()}"
                )
            time.sleep(0.05)

    def wait_end(self, deadline_seconds: float) -> None:
        """Blocks until the process ends well. Raises LocalError when it fails, or is not done by the deadline."""
        try:
            code = self._process.wait(deadline_seconds)
        except subprocess.TimeoutExpired as error:
            raise LocalError(f"{self.name} took longer than {deadline_seconds:g} s; its log is {self.log}") from error
        if code != 0:
            self.require_running()

    def stop(self, deadline_seconds: float) -> None:
        """SIGTERM, then SIGKILL at the deadline. Stopping an ended process does nothing."""
        if self.exit_code is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(deadline_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_lines(self) -> str:
        """The end of the log, indented, on lines of its own; empty when the log is."""
        with self.log.open("rb") as log:
            if (start := self.log.stat().st_size - 16_384) > 0:
                log.seek(start)
                log.readline()
            return indented(log.read().decode(errors="replace"))


def start_time(pid: int) -> int | None:
    """When a process began, in clock ticks since boot: with its pid that names it for good. None: there is none."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field, the program's name in brackets, may hold anything. A zombie (Z) has ended.
    state, *fields = status.rpartition(")")[2].split()
    return None if state == "Z" else int(fields[18])


def indented(text: str) -> str:
    """The last lines of a program's output, as the tail of an error's text."""
    lines = [line for line in text.splitlines() if line.strip() and _CHATTER not in line][-LOG_LINES_SHOWN:]
    return "".join(f"\n    {line[:400]}" for line in lines)


def _how(exit_code: int) -> str:
    return f"by signal {-exit_code}" if exit_code < 0 else f"with exit code {exit_code}"
