"""Publishes recorded events again: `waypost-connector replay`."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Final

from aiokafka.errors import KafkaError
from pydantic import ValidationError

from waypost_common.events import MAX_EVENT_BYTES, Event
from waypost_common.kafka import create_producer
from waypost_common.settings import KafkaSettings
from waypost_common.topics import EVENTS, topic_name
from waypost_connector.envelopes import read_event, reason
from waypost_connector.metrics import ConnectorMetrics
from waypost_connector.publisher import Publisher, record_of

IN_MEMORY: Final = 5_000
MOST_BAD_LISTED: Final = 1_000
TOPIC_SECONDS: Final = 15.0

Advance = Callable[[int], None]
"""Told the bytes of each line that was read."""


class ReplayFailedError(Exception):
    """Nothing more can be published; the text says why and what to do."""


@dataclass(frozen=True)
class BadLine:
    line: int
    reason: str


@dataclass
class Summary:
    lines: int = 0
    """Read, blank ones and those before `from_line` not counted."""
    published: int = 0
    """With a dry run: that would have been."""
    bad_count: int = 0
    bad: list[BadLine] = field(default_factory=list)
    """The first MOST_BAD_LISTED of them."""
    seconds: float = 0.0

    @property
    def events_per_second(self) -> float:
        return self.published / self.seconds if self.seconds else 0.0


class Replay:
    """One run. `from_line` counts from 1."""

    def __init__(self, settings: KafkaSettings, *, from_line: int = 1, dry_run: bool = False) -> None:
        self._settings = settings
        self._from_line = from_line
        self._dry_run = dry_run

    async def run(self, lines: IO[bytes], advance: Advance) -> Summary:
        """Publishes what is valid and returns once Kafka has all of it. Reading blocks. Raises ReplayFailedError."""
        summary, since = Summary(), time.monotonic()
        if self._dry_run:
            for _, _line in self._valid(lines, summary, advance):
                summary.published += 1
        else:
            await self._publish(lines, summary, advance)
        summary.seconds = time.monotonic() - since
        return summary

    async def _publish(self, lines: IO[bytes], summary: Summary, advance: Advance) -> None:
        topic = topic_name(self._settings, EVENTS)
        producer = create_producer(self._settings, client_id="waypost-replay")
        try:
            await producer.start()
            async with asyncio.timeout(TOPIC_SECONDS):
                await producer.partitions_for(topic)
        except (KafkaError, OSError) as error:
            await producer.stop()
            raise ReplayFailedError(
                f"no topic {topic} at {self._settings.bootstrap_servers}: is Kafka running, and was waypost migrate run?"
            ) from error
        publisher = Publisher(producer, ConnectorMetrics(), capacity=IN_MEMORY)
        last: list[asyncio.Future[None]] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                publishing = tasks.create_task(publisher.run(), name="publish")
                for event, line in self._valid(lines, summary, advance):
                    last.append(await publisher.submit(record_of(event, topic, line)))
                    summary.published += 1
                    if len(last) >= IN_MEMORY:
                        await asyncio.wait(last)
                        last.clear()
                if last:
                    await asyncio.wait(last)
                publishing.cancel()
        except ExceptionGroup as errors:
            refusal = errors.exceptions[0]
            if not isinstance(refusal, KafkaError):
                raise
            raise ReplayFailedError(f"Kafka refused an event for good: {refusal!r}") from errors
        finally:
            await producer.stop()

    def _valid(self, lines: IO[bytes], summary: Summary, advance: Advance) -> Iterator[tuple[Event, bytes]]:
        for number, line in enumerate(_bounded_lines(lines), 1):
            advance(len(line))
            if number < self._from_line or not line.strip():
                continue
            summary.lines += 1
            event = _read_line(line.strip())
            if not isinstance(event, str):
                yield event, line.strip()
                continue
            summary.bad_count += 1
            if len(summary.bad) < MOST_BAD_LISTED:
                summary.bad.append(BadLine(number, event))


def _read_line(line: bytes) -> Event | str:
    """The event, or why the line is none."""
    if len(line) > MAX_EVENT_BYTES:
        return f"longer than {MAX_EVENT_BYTES} bytes"
    try:
        return read_event(line)
    except ValidationError as error:
        return reason(error)


def _bounded_lines(lines: IO[bytes]) -> Iterator[bytes]:
    """Lines, of which only the beginning is kept where they are longer than any event may be."""
    while line := lines.readline(MAX_EVENT_BYTES + 2):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = lines.readline(MAX_EVENT_BYTES)
        yield line
