"""What all rows share: the servers, the scale, histories that were published once, the sink connector's worker."""

import os
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final, TypeVar

from benchmarks import histories
from benchmarks.event_log import EventLog, publish_log
from benchmarks.histories import Encoded
from benchmarks.references.connect_worker import ConnectWorker, run_worker
from benchmarks.scale import Scale
from benchmarks.seeding import Seed, plant
from benchmarks.servers import Servers, run_servers
from benchmarks.system import new_system
from waypost_common.events import Event

Figure = TypeVar("Figure")

MOTOR: Final = "motor"
PYMONGO: Final = "pymongo"
DRIVER_VARIABLE: Final = "WAYPOST_MONGO_DRIVER"

LONG_TAIL: Final = "long tail"
SPREAD: Final = "spread"
MESSAGES: Final = "messages"
REPEATED: Final = "long tail, several times"

_MAKERS: Final[Mapping[str, Callable[[int], Iterable[Event]]]] = {
    LONG_TAIL: histories.long_tail,
    SPREAD: histories.spread,
    MESSAGES: histories.new_messages,
}


class Workbench:
    """Makes on first use, and keeps for all rows."""

    def __init__(self, servers: Servers, scale: Scale, stack: ExitStack) -> None:
        self.servers = servers
        self.scale = scale
        self._stack = stack
        self._encoded: dict[str, list[Encoded]] = {}
        self._logs: dict[str, EventLog] = {}
        self._seed: Seed | None = None
        self._worker: ConnectWorker | None = None
        self._taken: dict[Hashable, Any] = {}

    def tell(self, line: str) -> None:
        """Progress, for whoever waits."""
        print(f"  {line}", file=sys.stderr, flush=True)

    def take(self, what: str, run: Callable[[], Figure], *, driver: str | None, of: Hashable = None) -> Figure:
        """What a run gives. Where there is one round only, a row that wants the same as another one gets what that got."""
        key = (what, driver or os.environ.get(DRIVER_VARIABLE, MOTOR), of)
        if self.scale.rounds > 1 or key not in self._taken:
            self._taken[key] = run()
        figure: Figure = self._taken[key]
        return figure

    def encoded(self, history: str) -> list[Encoded]:
        if history not in self._encoded:
            self._encoded[history] = self._make(history)
        return self._encoded[history]

    def _make(self, history: str) -> list[Encoded]:
        if history == REPEATED:
            return list(histories.copies(self.encoded(LONG_TAIL), self.scale.repeated_events))
        count = self.scale.messages if history == MESSAGES else self.scale.mixed_events
        self.tell(f"making the history: {history}, {count:,} events")
        return histories.encoded(_MAKERS[history](count))

    def log(self, history: str) -> EventLog:
        if history not in self._logs:
            self._logs[history] = publish_log(self.servers, self.encoded(history))
        return self._logs[history]

    @property
    def seed(self) -> Seed:
        if self._seed is None:
            with new_system(self.servers) as system:
                self._seed = plant(system)
        return self._seed

    def start_worker(self) -> ConnectWorker:
        """Comes back while it is still starting. One for all runs, so that its JVM is warm."""
        if self._worker is None:
            self.tell("starting Kafka Connect (the first time its jars are fetched, which takes minutes)")
            self._worker = self._stack.enter_context(run_worker(self.servers))
        return self._worker

    @property
    def worker(self) -> ConnectWorker:
        """Ready."""
        worker = self.start_worker()
        worker.until_ready()
        return worker


@contextmanager
def open_workbench(scale: Scale) -> Iterator[Workbench]:
    with run_servers() as servers, ExitStack() as stack:
        yield Workbench(servers, scale, stack)
