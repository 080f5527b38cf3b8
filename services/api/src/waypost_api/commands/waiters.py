"""Who waits for which command. An entry lives exactly as long as the request that waits."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from waypost_api.metrics import Metrics
from waypost_common.identifiers import CommandId
from waypost_common.metrics import Hop
from waypost_common.outcomes import Outcome

Waiting = asyncio.Future[Outcome]


class Waiters:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._waiting: dict[str, list[tuple[int, Waiting]]] = {}

    def __len__(self) -> int:
        return sum(len(waiting) for waiting in self._waiting.values())

    def is_awaited(self, command: str) -> bool:
        return command in self._waiting

    @contextmanager
    def register(self, command: CommandId, *, generation: int) -> Iterator[Waiting]:
        """A future for the command's outcome as the documents of `generation` show it. Register before publishing."""
        future: Waiting = asyncio.get_running_loop().create_future()
        entry = (generation, future)
        self._waiting.setdefault(command, []).append(entry)
        self._metrics.waiters.inc()
        try:
            yield future
        finally:
            self._metrics.waiters.dec()
            remaining = self._waiting[command]
            remaining.remove(entry)
            if not remaining:
                del self._waiting[command]
            future.cancel()

    def resolve(self, outcome: Outcome, *, written_ms: int | None = None) -> None:
        """Wakes who waits for it, which Kafka has since `written_ms`.

        An outcome of another generation tells of documents that nobody reads here.
        """
        for generation, future in self._waiting.get(outcome.command, ()):
            if outcome.generation in {None, generation} and not future.done():
                self._metrics.outcomes.labels(outcome.status.value, "topic").inc()
                if written_ms is not None:
                    self._metrics.hop_seconds.labels(Hop.ANSWER).observe(max(0.0, time.time() - written_ms / 1_000))
                future.set_result(outcome)
