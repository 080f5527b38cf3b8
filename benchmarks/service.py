"""A program as a process: started, asked whether it is ready, measured, stopped by its own pid."""

import http.client
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self

from benchmarks.process_figures import cpu_seconds, resident_megabytes
from waypost_local.plan import ProcessPlan
from waypost_local.ports import LOOPBACK
from waypost_local.process import Child

READY_SECONDS: Final = 120.0
STOP_SECONDS: Final = 30.0
LOOK_EVERY_SECONDS: Final = 0.01


class Service:
    """Runs from entering to leaving the context."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], metrics_port: int, log: Path) -> None:
        self.name = name
        self._plan = ProcessPlan(name, tuple(command), metrics_port, {**environment, "WAYPOST_METRICS_PORT": str(metrics_port)})
        self._log = log
        self._child: Child | None = None

    def __enter__(self) -> Self:
        self._child = Child(self.name, self._plan.command, os.environ | dict(self._plan.environment), self._log)
        return self

    def __exit__(self, *_: object) -> None:
        self.child.stop(STOP_SECONDS)

    @property
    def child(self) -> Child:
        """Raises ValueError before it was started."""
        if self._child is None:
            raise ValueError(f"{self.name} is not started")
        return self._child

    @property
    def is_ready(self) -> bool:
        return self._plan.missing() is None

    def until_ready(self) -> float:
        """Blocks. Seconds until it said so. Raises LocalError with its last log lines where it ends before."""
        return self._until(lambda: self.is_ready)

    def until_answered(self, port: int, target: str) -> float:
        """The same, until it answers such a request at all: for a program that has no probes."""
        return self._until(lambda: _answers(port, target))

    def _until(self, condition: Callable[[], bool]) -> float:
        started = time.perf_counter()
        while not condition():
            self.child.require_running()
            if time.perf_counter() - started > READY_SECONDS:
                raise TimeoutError(f"{self.name} was not ready within {READY_SECONDS:g} s{self.child.last_lines()}")
            time.sleep(LOOK_EVERY_SECONDS)
        return time.perf_counter() - started

    @property
    def cpu_seconds(self) -> float:
        return cpu_seconds(self.child.pid)

    @property
    def resident_megabytes(self) -> float:
        return resident_megabytes(self.child.pid)


@contextmanager
def all_running(services: Sequence[Service]) -> Iterator[Sequence[Service]]:
    """Started at once, and all ready; told to end at once too, so that several take no longer than one."""
    with ExitStack() as stack:
        for service in services:
            stack.enter_context(service)
        for service in services:
            service.until_ready()
        yield services
        for service in services:
            if service.child.exit_code is None:
                os.kill(service.child.pid, signal.SIGTERM)


def _answers(port: int, target: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", target)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
