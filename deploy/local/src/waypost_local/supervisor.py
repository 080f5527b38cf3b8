"""Starts a whole system, watches it, and stops it in reverse order."""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

from waypost_local.demo_key import find_or_make_key
from waypost_local.errors import LocalError
from waypost_local.folder import DataFolder
from waypost_local.plan import Plan, ProcessPlan
from waypost_local.ports import LOOPBACK, require_free
from waypost_local.process import Child, start_time
from waypost_local.record import ProcessRecord, Record, State, write_record
from waypost_local.servers import GivenServer, Server, prepare_side_by_side

SERVER_READY_SECONDS = 60
SERVER_STOP_SECONDS = 20
MIGRATE_SECONDS = 300
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, an ordinary kill, a closed terminal: each stops the system in order, and none cuts the stopping short."""


@dataclass
class Supervisor:
    """Belongs to one owned data folder. Lives in the main thread: its children die with the thread that started them."""

    folder: DataFolder
    servers: Sequence[Server]
    plan: Plan
    say: Callable[[str], None]
    demo_key: str | None = None
    _children: list[Child] = field(default_factory=list)
    _records: list[ProcessRecord] = field(default_factory=list)

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self.plan.api_port}"

    def start(self) -> None:
        """Blocks until everything is ready. Raises LocalError; what runs by then is stopped by `stop`."""
        self._write("starting")
        require_free(self.plan.api_port, "API", "--api-port")
        given, ours = self._given(), [server.name for server in self.servers if not isinstance(server, GivenServer)]
        if given:
            self.say(f"Using what {' and '.join(given)} name{'s' if len(given) == 1 else ''}")
        if ours:
            self.say(f"Preparing {' and '.join(ours)} (downloaded the first time: about 90 MB)")
        prepare_side_by_side(self.servers)
        if ours:
            self.say(f"Starting {' and '.join(ours)}")
        started = [(server, self._adopt(server.start())) for server in self.servers]
        environment = self._environment()
        # It waits for the servers itself: what it takes to load is done by the time they answer.
        migration = Child("migrate", self.plan.migrate, environment, self.folder.log("migrate")) if self.plan.migrate else None
        try:
            for server, child in started:
                if child is not None:
                    child.wait_ready(server.missing, SERVER_READY_SECONDS)
            if migration is not None:
                self.say("Bringing topics, collections and indexes up to date")
                migration.wait_end(MIGRATE_SECONDS)
        finally:
            if migration is not None:
                migration.stop(SERVER_STOP_SECONDS)
        self.say(f"Starting {', '.join(process.name for process in self.plan.processes)}")
        services = [(process, self._start(process, environment)) for process in self.plan.processes]
        for process, child in services:
            child.wait_ready(process.missing, process.ready_seconds)
        if self.plan.create_key:
            self.demo_key = find_or_make_key(self.folder, self.plan.api_port, self.plan.create_key, environment)
        self._write("running")

    def check(self) -> None:
        """Raises LocalError that names a process which has ended, with its last log lines."""
        for child in self._children:
            child.require_running()

    def stop(self, error: LocalError | None = None) -> None:
        """Stops what was started, the last first. Takes some seconds."""
        self._write("stopping")
        seconds = {process.name: process.stop_seconds for process in self.plan.processes}
        for child in reversed(self._children):
            child.stop(seconds.get(child.name, SERVER_STOP_SECONDS))
        self._write("failed" if error else "stopped", error)

    def _start(self, process: ProcessPlan, environment: dict[str, str]) -> Child:
        own = environment | {"WAYPOST_METRICS_PORT": str(process.metrics_port)} | dict(process.environment)
        child = Child(process.name, process.command, own, self.folder.log(process.name))
        self._adopt(child, process.metrics_url)
        return child

    def _adopt(self, child: Child | None, metrics_url: str | None = None) -> Child | None:
        if child is not None:
            self._children.append(child)
            self._records.append(_describe(child.name, child.pid, str(child.log), metrics_url))
            self._write("starting")
        return child

    def _environment(self) -> dict[str, str]:
        """Ours, over the caller's, over what suits a log that a person reads."""
        return {"WAYPOST_LOG_FORMAT": "console"} | dict(os.environ) | dict(self.plan.environment)

    def _given(self) -> list[str]:
        return [server.variable for server in self.servers if isinstance(server, GivenServer)]

    def _write(self, state: State, error: LocalError | None = None) -> None:
        environment = dict(self.plan.environment) | {"WAYPOST_API_URL": self.api_url}
        if self.demo_key:
            environment["WAYPOST_DEMO_KEY"] = self.demo_key
        record = Record(
            state=state,
            supervisor=_describe("supervisor", os.getpid(), str(self.folder.log("supervisor"))),
            error=str(error) if error else None,
            api_url=self.api_url,
            environment=environment,
            given=self._given(),
            processes=self._records,
        )
        write_record(self.folder.record, record)


def _describe(name: str, pid: int, log: str, metrics_url: str | None = None) -> ProcessRecord:
    return ProcessRecord(name=name, pid=pid, started=start_time(pid) or 0, log=log, metrics_url=metrics_url)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """The first signal counts; a second one, as from `make` beside the terminal, must not cut the stopping short."""
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def supervise(supervisor: Supervisor, when_running: Callable[[], None], every_second: Callable[[], None]) -> None:
    """Runs a system until it is told to stop. Raises LocalError when it cannot start or a process ends by itself.

    `every_second` is called over and over while the system runs and takes a second of waiting upon itself.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, _interrupt)
    supervisor.folder.create()
    with supervisor.folder.owned():
        failure: LocalError | None = None
        try:
            supervisor.start()
            when_running()
            while True:
                supervisor.check()
                every_second()
        except KeyboardInterrupt:
            supervisor.say("Stopping")
        except LocalError as error:
            failure = error
            raise
        finally:
            _ignore_signals()
            supervisor.stop(failure)
