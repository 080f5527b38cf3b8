"""Publishes recorded events again: `waypost-connector replay`."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from waypost_common.events import MAX_EVENT_BYTES, Event
from waypost_common.kafka import create_producer
from waypost_common.kafka_security import KafkaRefusedError
from waypost_common.server_errors import advice
from waypost_common.settings import KafkaSettings
from waypost_common.topics import EVENTS, topic_name
from waypost_connector.envelopes import read_event, reason
from waypost_connector.lines import Source, chunks_of_lines
from waypost_connector.metrics import ConnectorMetrics
from waypost_connector.partitions import RememberedPartitions
from waypost_connector.publisher import Capacity, Publisher, record_of

IN_MEMORY: Final = 5_000
MOST_BAD_LISTED: Final = 1_000
TOPIC_SECONDS: Final = 15.0

Advance = Callable[[int], None]
"""Told how many bytes more were dealt with."""
Valid = tuple[Event, bytes]
"""An event and its line."""


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

    def note_bad(self, line: int, why: str) -> None:
        self.bad_count += 1
        if len(self.bad) < MOST_BAD_LISTED:
            self.bad.append(BadLine(line, why))

    @property
    def events_per_second(self) -> float:
        return self.published / self.seconds if self.seconds else 0.0


class Replay:
    """One run. `from_line` counts from 1."""

    def __init__(self, settings: KafkaSettings, *, from_line: int = 1, dry_run: bool = False) -> None:
        self._settings = settings
        self._from_line = from_line
        self._dry_run = dry_run

    async def run(self, source: Source, advance: Advance) -> Summary:
        """Publishes what is valid and returns once Kafka has all of it. Reading blocks. Raises ReplayFailedError.

        What was read is in Kafka before more is read, so that a source that gives now and then holds nothing back.
        """
        summary, since = Summary(), time.monotonic()
        chunks = self._valid(source, summary, advance)
        if self._dry_run:
            for events in chunks:
                summary.published += len(events)
        else:
            await self._publish(chunks, summary)
        summary.seconds = time.monotonic() - since
        return summary

    async def _publish(self, chunks: Iterable[list[Valid]], summary: Summary) -> None:
        topic = topic_name(self._settings, EVENTS)
        producer = await self._connect(topic)
        publisher = Publisher(_OneProducer(producer), ConnectorMetrics(), capacity=Capacity(IN_MEMORY))
        try:
            async with asyncio.TaskGroup() as tasks:
                publishing = tasks.create_task(publisher.run(), name="publish")
                for events in chunks:
                    taken = [await publisher.submit(record_of(event, topic, line)) for event, line in events]
                    if taken:
                        await asyncio.wait(taken)
                        summary.published += len(taken)
                publishing.cancel()
        except ExceptionGroup as errors:
            refusal = errors.exceptions[0]
            if not isinstance(refusal, KafkaError):
                raise
            raise ReplayFailedError(
                f"Kafka refused an event for good after {summary.published} were published: {advice(refusal)}; "
                "then replay the file again: what came already changes nothing"
            ) from errors
        finally:
            await producer.stop()

    async def _connect(self, topic: str) -> AIOKafkaProducer:
        """A started producer that knows the topic."""
        producer = create_producer(self._settings, client_id="waypost-replay", partitioner=RememberedPartitions())
        try:
            await producer.start()
            async with asyncio.timeout(TOPIC_SECONDS):
                await producer.partitions_for(topic)
        except (KafkaError, OSError) as error:
            await producer.stop()
            if isinstance(error, KafkaRefusedError):
                raise ReplayFailedError(advice(error)) from error
            raise ReplayFailedError(
                f"no topic {topic} at {self._settings.bootstrap_servers} (WAYPOST_KAFKA_BOOTSTRAP_SERVERS): "
                "is Kafka running, and was waypost migrate run?"
            ) from error
        return producer

    def _valid(self, source: Source, summary: Summary, advance: Advance) -> Iterator[list[Valid]]:
        """Chunk by chunk what is an event; the rest is noted."""
        number = 0
        for lines in chunks_of_lines(source):
            events: list[Valid] = []
            for line in map(bytes.strip, lines):
                number += 1
                if number < self._from_line or not line:
                    continue
                summary.lines += 1
                event = _read_line(line)
                if isinstance(event, str):
                    summary.note_bad(number, event)
                else:
                    events.append((event, line))
            yield events
            advance(sum(map(len, lines)) + len(lines))


@dataclass(frozen=True)
class _OneProducer:
    """What is replayed belongs to nobody, so its producer is never given up."""

    current: AIOKafkaProducer

    async def renew(self, used: object) -> None:
        raise NotImplementedError


def _read_line(line: bytes) -> Event | str:
    """The event, or why the line is none."""
    if len(line) > MAX_EVENT_BYTES:
        return f"longer than {MAX_EVENT_BYTES:,} bytes, the most that an event may have"
    try:
        return read_event(line)
    except ValidationError as error:
        return reason(error)
