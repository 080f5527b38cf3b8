"""Puts events into Kafka: each at least once, all of one key in the order given, whatever Kafka does meanwhile.

Events wait in lanes, chosen by key. A lane has one group of events on its way at a time and repeats what failed before it goes
on, because a producer that gave up on one batch would go on with the next of the same chat.

A record of a session is written only while this process owns the session (`waypost_connector.fences`). What it took before it
lost the session is dropped: it was not acknowledged, so the next owner gets it from WhatsApp.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Final, Protocol
from zlib import crc32

import structlog
from aiokafka.errors import KafkaError, ProducerClosed

from waypost_common.events import Event, encode_event, key_of
from waypost_common.kafka import may_pass
from waypost_connector.backend import OvertakenError
from waypost_connector.backoff import delays
from waypost_connector.fenced_producer import ProducerGivenUpError
from waypost_connector.fences import Hold
from waypost_connector.metrics import ConnectorMetrics

log = structlog.stdlib.get_logger(__name__)

LANES: Final = 64
GROUP: Final = 200
GIVEN_UP: Final = (ProducerGivenUpError, ProducerClosed)
"""By this lane, or by another one a moment ago."""


@dataclass(frozen=True, slots=True)
class Record:
    topic: str
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]
    label: str
    """What metrics call it."""
    hold: Hold | None = None
    """The ownership under which it is written; None for what may be written by anyone at any time."""

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return len(self.key) + len(self.value)


def record_of(
    event: Event, topic: str, value: bytes | None = None, *, origin: Sequence[tuple[str, bytes]] = (), hold: Hold | None = None
) -> Record:
    """The record that an event becomes; `value`: its bytes where they are there already; `origin`: further headers."""
    return Record(
        topic=topic,
        key=key_of(event).encode(),
        value=encode_event(event) if value is None else value,
        headers=(("event", event.event.encode()), ("schema", b"v1"), *origin),
        label=event.event,
        hold=hold,
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


class Producers(Protocol):
    """Where the publisher gets its producer from."""

    @property
    def current(self) -> Sender: ...

    async def renew(self, used: Sender) -> None:
        """Gives `used` up, unless that was done, for a new one. However long Kafka takes for it."""
        ...


@dataclass(frozen=True)
class Capacity:
    """Of the buffer. A record that is larger than all of it is taken when the buffer is empty."""

    records: int
    octets: int = 64 * 1024 * 1024


class Publisher:
    """`run` publishes what `submit` hands in. The producers are started and stopped by the caller."""

    def __init__(self, producers: Producers, metrics: ConnectorMetrics, *, capacity: Capacity) -> None:
        self._producers = producers
        self._metrics = metrics
        self._capacity = capacity
        self._buffered = self._octets = 0
        self._room = asyncio.Event()
        self._room.set()
        self._lanes = [_Lane() for _ in range(LANES)]
        self._random = Random()
        self._written_under: Counter[Hold] = Counter()
        """Of the records that the producer holds."""
        metrics.buffered.set_function(lambda: self._buffered)

    async def submit(self, record: Record) -> asyncio.Future[None]:
        """Puts a record in line and returns what completes once Kafka has it. Waits while the buffer is full.

        One task after the other for records whose order matters. Cancelling the future does not take the record back.
        The future raises OvertakenError when the record's session was lost before Kafka was asked to take it.
        """
        while self._is_full(record):
            self._room.clear()
            await self._room.wait()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        lane = self._lanes[crc32(record.key) % LANES]
        lane.waiting.append(_Waiting(record, done, monotonic()))
        lane.filled.set()
        self._buffered += 1
        self._octets += record.size
        return done

    def _is_full(self, record: Record) -> bool:
        if not self._buffered:
            return False
        return self._buffered >= self._capacity.records or self._octets + record.size > self._capacity.octets

    async def run(self) -> None:
        """Publishes until cancelled. Raises KafkaError when Kafka refuses for good: only a new process helps."""
        async with asyncio.TaskGroup() as tasks:
            for number, lane in enumerate(self._lanes):
                tasks.create_task(self._run_lane(lane), name=f"lane {number}")

    async def writing_is_allowed(self) -> None:
        """For `waypost_connector.fenced_producer.fence`: waits until all that the producer holds may be written now.

        Raises ProducerGivenUpError when some of it will never be.
        """
        while late := [hold for hold in self._written_under if not hold.is_current()]:
            try:
                await late[0].confirmed()
            except OvertakenError as error:
                raise ProducerGivenUpError from error

    async def _run_lane(self, lane: _Lane) -> None:
        waits = delays(self._random)
        while True:
            while not lane.waiting:
                lane.filled.clear()
                await lane.filled.wait()
            producer = self._producers.current
            error = await self._publish_group(lane, producer)
            if error is None:
                waits = delays(self._random)
                continue
            self._metrics.retries.inc()
            if isinstance(error, GIVEN_UP):
                await self._producers.renew(producer)
            else:
                log.warning("publishing_failed", reason=type(error).__name__, topic=lane.waiting[0].record.topic)
                await asyncio.sleep(next(waits))

    async def _publish_group(self, lane: _Lane, producer: Sender) -> KafkaError | None:
        """Publishes the first few of a lane, drops those that Kafka has up to the first that failed, and tells why that did."""
        group = [lane.waiting[place] for place in range(min(len(lane.waiting), GROUP))]
        sent: list[asyncio.Future[object]] = []
        holds: list[Hold] = []
        refused: BaseException | None = None
        for waiting in group:
            record = waiting.record
            try:
                if record.hold is not None:
                    if not record.hold.is_current():
                        await record.hold.confirmed()
                    holds.append(record.hold)
                    self._written_under[record.hold] += 1
                sent.append(await producer.send(record.topic, record.value, key=record.key, headers=list(record.headers)))
            except (KafkaError, OvertakenError) as error:
                refused = error
                break
            except asyncio.CancelledError:
                for future in sent:
                    future.add_done_callback(_retrieve)
                raise
        results = await asyncio.gather(*sent, return_exceptions=True)
        self._written_under -= Counter(holds)
        for result in (*results, refused):
            if isinstance(result, OvertakenError):
                self._leave(lane.waiting.popleft(), result)
                return None
            if isinstance(result, KafkaError):
                if not may_pass(result) and not isinstance(result, GIVEN_UP):
                    raise result
                return result
            if isinstance(result, BaseException):
                raise result
            if result is not None:
                self._took(lane.waiting.popleft())
        return None

    def _took(self, waiting: _Waiting) -> None:
        self._remove(waiting)
        self._metrics.published.labels(waiting.record.label).inc()
        self._metrics.latency.observe(monotonic() - waiting.since)
        if not waiting.done.done():
            waiting.done.set_result(None)

    def _leave(self, waiting: _Waiting, error: OvertakenError) -> None:
        """To the next owner of its session."""
        self._remove(waiting)
        self._metrics.left.inc()
        if not waiting.done.done():
            waiting.done.set_exception(error)
            waiting.done.exception()  # nobody may be waiting any more

    def _remove(self, waiting: _Waiting) -> None:
        self._buffered -= 1
        self._octets -= waiting.record.size
        self._room.set()


def _retrieve(future: asyncio.Future[object]) -> None:
    """Else asyncio logs an error that nobody waits for any more."""
    if not future.cancelled():
        future.exception()
