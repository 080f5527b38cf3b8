"""The services under soak: what may happen to each, and what it may do by itself."""

import asyncio
import resource
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.pacing import pause
from tests.processes import Process, eventually
from tests.soak.journal import Journal

TRACEBACK: Final = "Traceback (most recent call last)"
ENDED_WITH_AN_ERROR: Final = 1
LOOK_EVERY_S: Final = 0.2
TRIED_FOR_S: Final = 90.0
"""A service gives up up to so long after its servers were away: it waits 60 s for them when it starts."""


@dataclass
class Outages:
    """When Kafka or mongod were away, by the monotonic clock."""

    under_way: int = 0
    last_end: float = float("-inf")

    def begins(self) -> None:
        self.under_way += 1

    def ends(self) -> None:
        self.under_way -= 1
        self.last_end = time.monotonic()

    @property
    def explain_an_end(self) -> bool:
        return self.under_way > 0 or time.monotonic() < self.last_end + TRIED_FOR_S


@dataclass
class Service:
    """A replica, which is started again whenever it ends, as a deployment does."""

    name: str
    process: Process
    is_ours: bool = False
    """Somebody here ends it or starts it at the moment."""
    started: float = field(default_factory=time.monotonic)
    one_fault_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    _log_before: int = 0

    @property
    def log(self) -> str:
        """Of the newest process."""
        return self.process.log[self._log_before :]

    def start(self) -> None:
        self._log_before = len(self.process.log)
        self.started = time.monotonic()
        self.process.start()

    async def end(self, number: int) -> None:
        """Fails where it does not end as it should, or not within 30 s."""
        code = await asyncio.to_thread(self.process.end, number)
        if code == -signal.SIGTERM and not self.log:
            return  # it had not even begun to listen to signals
        assert code == (0 if number == signal.SIGTERM else -number), f"{self.name} ended with {code}:\n{self.log[-3_000:]}"

    async def until_ready(self) -> None:
        async def ready() -> bool:
            return self.process.is_running and (await asyncio.to_thread(self.process.probe, "/readyz"))[0] == 200

        await eventually(ready, lambda: f"{self.name} ready\n{self.log[-3_000:]}")

    @property
    def resident_mebibytes(self) -> int:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() // 1024**2


class Watch:
    """Starts again what ended by itself, where that is allowed: with an error of one line, when its servers were away."""

    def __init__(self, services: list[Service], outages: Outages, journal: Journal) -> None:
        self._services = services
        self._outages = outages
        self._journal = journal
        self.ended_by_themselves = 0

    async def run(self, over: asyncio.Event) -> None:
        while not over.is_set():
            for service in self._services:
                if not service.is_ours and not service.process.is_running:
                    self._judge(service)
            await pause(LOOK_EVERY_S)

    def _judge(self, service: Service) -> None:
        code = service.process.wait()
        log = service.log
        says = f"{service.name} ended by itself with {code}"
        assert code == ENDED_WITH_AN_ERROR, f"{says}:\n{log[-5_000:]}"
        assert TRACEBACK not in log, f"{says}, by a bug:\n{log[-5_000:]}"
        last_words = log.rstrip().rpartition("\n")[2]
        assert self._outages.explain_an_end, f"{says}, while its servers were there: {last_words}"
        self.ended_by_themselves += 1
        self._journal.say(f"{says}, and is started again: {last_words[:300]}")
        service.start()
