"""Programs of the product run as processes, which tests can signal, kill and start again; and waiting for what they do."""

import asyncio
import http.client
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from waypost_local.ports import free_port

PROGRAMS = Path(sys.executable).parent
DEADLINE_SECONDS = 60.0
SECRETS_END = ("_SECRET", "_KEYS")
DEVICE_KEY = re.compile(r"\b[0-9a-f]{64}\b")


async def eventually(
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]], what: str | Callable[[], str], *, every: float = 0.05
) -> None:
    """Waits until the condition holds; fails with `what`, as it reads then, after a minute."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        answer = condition()
        if await answer if isinstance(answer, Awaitable) else answer:
            return
        await asyncio.sleep(every)
    pytest.fail(f"not within {DEADLINE_SECONDS} s: {what if isinstance(what, str) else what()}")


def wait_until(
    condition: Callable[[], bool], what: str | Callable[[], str], *, seconds: float = DEADLINE_SECONDS, every: float = 0.01
) -> None:
    """`eventually` for a test without an event loop."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(every)
    pytest.fail(f"not within {seconds} s: {what if isinstance(what, str) else what()}")


async def until_still(process: int) -> None:
    """After SIGSTOP: the kernel stops the threads one after the other, and on a busy machine some go on for a moment."""

    def still() -> bool:
        try:
            stats = [(thread / "stat").read_text() for thread in Path(f"/proc/{process}/task").iterdir()]
        except FileNotFoundError:  # a thread that ended meanwhile
            return False
        # The state follows the program's name in parentheses (man proc_pid_stat).
        return all(stat.rpartition(") ")[2].startswith("T") for stat in stats)

    await eventually(still, "every thread has stopped", every=0.001)


class Process:
    """A program that can be killed and started again with the same arguments and environment."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self.environment = {"WAYPOST_METRICS_PORT": str(free_port())} | environment
        self._arguments = arguments
        self._log = log
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                [str(PROGRAMS / self._arguments[0]), *self._arguments[1:]],
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def name(self) -> str:
        return self._arguments[0]

    @property
    def pid(self) -> int:
        """Of the newest one. Raises ValueError before the first start."""
        if self._running is None:
            raise ValueError("not started yet")
        return self._running.pid

    @property
    def is_running(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def send_signal(self, number: int) -> None:
        if self._running is not None and self.is_running:
            self._running.send_signal(number)

    async def freeze(self) -> None:
        """SIGSTOP; SIGCONT wakes it up."""
        self.send_signal(signal.SIGSTOP)
        if self._running is not None:
            await until_still(self._running.pid)

    def end(self, number: int = signal.SIGTERM) -> int:
        """The exit code. Does nothing when the program has ended."""
        self.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        return 0 if self._running is None else self._running.wait(30)

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def secrets_in_log(self) -> list[str]:
        """Of its settings, those secrets that it wrote down; and whatever looks like what a simulated session logs in with."""
        log = self.log
        settings = [name for name, value in self.environment.items() if name.endswith(SECRETS_END) and value in log]
        return settings + DEVICE_KEY.findall(log)

    def probe(self, path: str) -> tuple[int, str]:
        """Status 0 while nothing listens, or nothing that speaks HTTP."""
        try:
            url = f"http://127.0.0.1:{self.environment['WAYPOST_METRICS_PORT']}{path}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""

    async def until_ready(self) -> None:
        async def ready() -> bool:
            if not self.is_running:
                pytest.fail(f"{self._arguments[0]} ended:\n{self.log}")
            return (await asyncio.to_thread(self.probe, "/readyz"))[0] == 200

        await eventually(ready, f"{self._arguments[0]} ready\n{self.log}")
