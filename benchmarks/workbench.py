"""What all rows share: the servers, the scale, histories that were published once, the sink connector's worker."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Final

from benchmarks import histories
from benchmarks.event_log import EventLog, publish_log
from benchmarks.histories import Encoded
from benchmarks.references.connect_worker import ConnectWorker, run_worker
from benchmarks.scale import Scale
from benchmarks.servers import Servers, run_servers
from waypost_common.events import Event

LONG_TAIL: Final = "long tail"
SPREAD: Final = "spread"
MESSAGES: Final = "messages"

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
        self._worker: ConnectWorker | None = None

    def tell(self, line: str) -> None:
        """Progress, for whoever waits."""
        print(f"  {line}", file=sys.stderr, flush=True)

    def encoded(self, history: str) -> list[Encoded]:
        if history not in self._encoded:
            count = self.scale.messages if history == MESSAGES else self.scale.mixed_events
            self.tell(f"making the history: {history}, {count:,} events")
            self._encoded[history] = histories.encoded(_MAKERS[history](count))
        return self._encoded[history]

    def log(self, history: str) -> EventLog:
        if history not in self._logs:
            self._logs[history] = publish_log(self.servers, self.encoded(history))
        return self._logs[history]

    @property
    def worker(self) -> ConnectWorker:
        """One for all runs, so that its JVM is warm."""
        if self._worker is None:
            self.tell("starting Kafka Connect (the first time its jars are fetched, which takes minutes)")
            self._worker = self._stack.enter_context(run_worker(self.servers))
        return self._worker


@contextmanager
def open_workbench(scale: Scale) -> Iterator[Workbench]:
    with run_servers() as servers, ExitStack() as stack:
        yield Workbench(servers, scale, stack)
