"""A Kafka and a mongod that a test may kill, stop and start again: the shared ones are not ours to break."""

import asyncio
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from pymongo import MongoClient
from tests.processes import until_still

from waypost_local import kafka, mongod
from waypost_local.ports import LOOPBACK, free_port
from waypost_local.process import Child

S = TypeVar("S", bound="Startable")


class Startable(Protocol):
    async def start(self) -> None: ...

    def kill(self) -> None: ...


class OwnServer(ABC):
    """Keeps its data and its port from one start to the next."""

    def __init__(self, folder: Path, ready_seconds: float) -> None:
        self.port = free_port()
        self._folder = folder
        self._ready_seconds = ready_seconds
        self._running: Child | None = None

    @abstractmethod
    def _launch(self) -> Child: ...

    @abstractmethod
    def _missing(self) -> str | None:
        """None once it can be used, else what is wrong."""

    async def start(self) -> None:
        """Returns once it can be used."""
        running = self._running = self._launch()  # in this thread: the process ends with the thread that starts it
        await asyncio.to_thread(running.wait_ready, self._missing, self._ready_seconds)

    def kill(self) -> None:
        if self._running is not None:
            self._signal(signal.SIGKILL)
            self._running.stop(5)

    @property
    def exit_code(self) -> int | None:
        """Negative for a signal; None while it runs."""
        return None if self._running is None else self._running.exit_code

    @asynccontextmanager
    async def stopped(self) -> AsyncIterator[None]:
        """SIGSTOP: its connections stay open and nobody answers; SIGCONT on the way out."""
        self._signal(signal.SIGSTOP)
        if self._running is not None:
            await until_still(self._running.pid)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    @asynccontextmanager
    async def killed(self) -> AsyncIterator[None]:
        """SIGKILL; started again on the way out."""
        self.kill()
        try:
            yield
        finally:
            await self.start()

    def _signal(self, number: int) -> None:
        if self._running is not None and self._running.exit_code is None:
            os.kill(self._running.pid, number)


@asynccontextmanager
async def running(server: S) -> AsyncIterator[S]:
    """Killed on the way out."""
    try:
        await server.start()
        yield server
    finally:
        server.kill()


class OwnKafka(OwnServer):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, kafka.READY_SECONDS)
        self.address = f"{LOOPBACK}:{self.port}"
        self._programs = kafka.find_programs()
        self._settings = kafka.prepare(self._programs, folder / "kafka", self.port)
        with self._settings.open("a") as settings:
            # A broker that was killed is let in again only when its former life has timed out: 9 s, unless told otherwise.
            settings.write("broker.session.timeout.ms=2000\nbroker.heartbeat.interval.ms=500\n")

    def _launch(self) -> Child:
        return kafka.start(self._programs, self._settings, self._folder / "kafka.log")

    def _missing(self) -> str | None:
        return kafka.missing(self.address)


class OwnMongod(OwnServer):
    def __init__(self, folder: Path, program: Callable[[str], str] = str) -> None:
        """`program`: what to run in the place of mongod's."""
        super().__init__(folder, mongod.READY_SECONDS)
        self.address = mongod.url(self.port)
        self._program = program(mongod.find_program())

    def _launch(self) -> Child:
        return mongod.start(self._program, self._folder / "mongod", self.port, self._folder / "mongod.log")

    def _missing(self) -> str | None:
        return mongod.elect(self.port)

    def step_down(self, seconds: int) -> None:
        """Has the primary become a secondary at once, and stay one for that long. Blocks."""
        with MongoClient[dict[str, object]](LOOPBACK, self.port, directConnection=True) as client:
            client.admin.command("replSetStepDown", seconds, secondaryCatchUpPeriodSecs=0, force=True)
