"""Puts events into Kafka: each at least once, all of one key in the order given, whatever Kafka does meanwhile.

Events wait in lanes, chosen by key. A lane has one group of events on its way at a time and repeats what failed before it goes
on, because a producer that gave up on one batch would go on with the next of the same chat.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Final, Protocol
from zlib import crc32

import structlog
from aiokafka.errors import KafkaError

from waypost_common.events import Event, encode_event, key_of
from waypost_common.kafka import may_pass
from waypost_connector.backoff import delays
from waypost_connector.metrics import ConnectorMetrics

log = structlog.stdlib.get_logger(__name__)

LANES: Final = 64
GROUP: Final = 200


@dataclass(frozen=True, slots=True)
class Record:
    topic: str
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]
    label: str
    """What metrics call it."""


def record_of(event: Event, topic: str, value: bytes | None = None) -> Record:
    """The record that an event becomes; `value`: its bytes where they are there already."""
    return Record(
        topic=topic,
        key=key_of(event).encode(),
        value=encode_event(event) if value is None else value,
        headers=(("event", event.event.encode()), ("schema", b"v1")),
        label=event.event,
    )


@dataclass(slots=True)
class _Waiting:
    record: Record
    done: asyncio.Future[None]
    since: float


@dataclass(slots=True)
class _Lane:
    waiting: deque[_Waiting] = field(default_factory=deque)
    filled: asyncio.Event = field(default_factory=asyncio.Event)


class Sender(Protocol):
    """What is needed of an aiokafka producer."""

    def send(
        self, topic: str, value: bytes, *, key: bytes, headers: list[tuple[str, bytes]]
    ) -> Awaitable[asyncio.Future[object]]: ...


class Publisher:
    """`run` publishes what `submit` hands in. The producer is started and stopped by the caller."""

    def __init__(self, producer: Sender, metrics: ConnectorMetrics, *, capacity: int) -> None:
        self._producer = producer
        self._metrics = metrics
        self._capacity = capacity
        self._buffered = 0
        self._room = asyncio.Event()
        self._room.set()
        self._lanes = [_Lane() for _ in range(LANES)]
        self._random = Random()
        metrics.buffered.set_function(lambda: self._buffered)

    async def submit(self, record: Record) -> asyncio.Future[None]:
        """Puts a record in line and returns what completes once Kafka has it. Waits while the buffer is full.

        One task after the other for records whose order matters. Cancelling the future does not take the record back.
        """
        while self._buffered >= self._capacity:
            self._room.clear()
            await self._room.wait()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        lane = self._lanes[crc32(record.key) % LANES]
        lane.waiting.append(_Waiting(record, done, monotonic()))
        lane.filled.set()
        self._buffered += 1
        return done

    async def run(self) -> None:
        """Publishes until cancelled. Raises KafkaError when the producer cannot go on: only a new process helps."""
        async with asyncio.TaskGroup() as tasks:
            for number, lane in enumerate(self._lanes):
                tasks.create_task(self._run_lane(lane), name=f"lane {number}")

    async def _run_lane(self, lane: _Lane) -> None:
        waits = delays(self._random)
        while True:
            while not lane.waiting:
                lane.filled.clear()
                await lane.filled.wait()
            error = await self._publish_group(lane)
            if error is None:
                waits = delays(self._random)
            else:
                self._metrics.retries.inc()
                log.warning("publishing_failed", reason=type(error).__name__, topic=lane.waiting[0].record.topic)
                await asyncio.sleep(next(waits))

    async def _publish_group(self, lane: _Lane) -> KafkaError | None:
        """Publishes the first few of a lane, drops those that Kafka has up to the first that failed, and tells why that did."""
        group = [lane.waiting[place] for place in range(min(len(lane.waiting), GROUP))]
        sent: list[asyncio.Future[object]] = []
        refused: BaseException | None = None
        for waiting in group:
            record = waiting.record
            try:
                sent.append(await self._producer.send(record.topic, record.value, key=record.key, headers=list(record.headers)))
            except KafkaError as error:
                refused = error
                break
        results = await asyncio.gather(*sent, return_exceptions=True)
        for result in (*results, refused):
            if isinstance(result, KafkaError):
                if not may_pass(result):
                    raise result
                return result
            if isinstance(result, BaseException):
                raise result
            if result is not None:
                self._took(lane.waiting.popleft())
        return None

    def _took(self, waiting: _Waiting) -> None:
        self._buffered -= 1
        self._room.set()
        self._metrics.published.labels(waiting.record.label).inc()
        self._metrics.latency.observe(monotonic() - waiting.since)
        if not waiting.done.done():
            waiting.done.set_result(None)
