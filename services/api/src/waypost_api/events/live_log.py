"""What comes to `wa.events` now: read once by this replica while anybody listens, and handed to each stream that wants it."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Final, NamedTuple, Protocol

import structlog

from waypost_api.events.log_reader import LogCutError, LogReader, open_log
from waypost_api.events.owners import Owners
from waypost_api.events.resume_tokens import Positions
from waypost_api.events.shown import Summary, shown, summary_of
from waypost_common.consumption import Record
from waypost_common.errors import UnavailableError
from waypost_common.kafka import create_admin
from waypost_common.report.partitions import partition_counts
from waypost_common.settings import KafkaSettings
from waypost_common.topics import EVENTS, topic_name

log = structlog.stdlib.get_logger(__name__)

POLL_MS: Final = 500
MOST_RECORDS: Final = 200
RETRY_S: Final = 1.0
IDLE_S: Final = 30.0
"""How long the log is followed when nobody listens any more: most clients come back."""
SAMPLES: Final = 1_000


class Listener(Protocol):
    def takes(self, summary: Summary) -> bool: ...

    def offer(self, partition: int, offset: int, body: bytes) -> None: ...

    def log_was_cut(self) -> None: ...


class Delay(NamedTuple):
    """Of one event, in ms."""

    seen_to_logged: int
    """From when the gateway saw it to when it was given to Kafka: two clocks of one process."""
    logged_to_read: int
    """From then to when this replica read it: two machines' clocks."""


class LiveLog:
    def __init__(self, settings: KafkaSettings, owners: Owners, *, idle_s: float = IDLE_S) -> None:
        self.owners = owners
        self._settings = settings
        self._topic = topic_name(settings, EVENTS)
        self._idle_s = idle_s
        self._partitions: int | None = None
        self._positions: Positions | None = None
        self._listeners: dict[str, dict[Listener, None]] = {}
        """By organization."""
        self._interested = 0
        self._wanted = asyncio.Event()
        self._following = asyncio.Event()
        self.delays: deque[Delay] = deque(maxlen=SAMPLES)
        """Of the newest events that were read live."""

    @property
    def positions(self) -> Positions:
        """Up to here events have been handed out. Valid within `listening` once `followed` has returned."""
        if self._positions is None:
            raise UnavailableError("the log is not followed at the moment; try again")
        return self._positions

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within it the log is followed."""
        self._interested += 1
        self._wanted.set()
        try:
            yield
        finally:
            self._interested -= 1

    async def followed(self, *, within_s: float) -> None:
        """Returns once nothing is missed any more. Raises UnavailableError when that takes too long."""
        try:
            async with asyncio.timeout(within_s):
                await self._following.wait()
        except TimeoutError:
            raise UnavailableError("Kafka cannot be read at the moment; try again") from None

    def join(self, organization: str, listener: Listener) -> Positions:
        """Returns from where on the listener is offered what it takes."""
        self._listeners.setdefault(organization, {})[listener] = None
        return list(self.positions)

    def leave(self, organization: str, listener: Listener) -> None:
        """Idempotent."""
        listeners = self._listeners.get(organization, {})
        listeners.pop(listener, None)
        if not listeners:
            self._listeners.pop(organization, None)

    def open_past(self) -> AbstractAsyncContextManager[LogReader]:
        """A reader of its own for a stream that has to catch up. Valid once `followed` has returned."""
        if self._partitions is None:
            raise UnavailableError("the log is not followed at the moment; try again")
        return open_log(self._settings, self._topic, self._partitions)

    async def run(self) -> None:
        """Until cancelled. Through an outage of Kafka the positions are kept, so that nothing is missed."""
        while True:
            await self._wanted.wait()
            try:
                await self._follow()
            except LogCutError:
                log.warning("events_cut", advice="wa.events was shortened unread or made again: every stream was ended")
                self._forget()
                for listener in [one for listeners in self._listeners.values() for one in listeners]:
                    listener.log_was_cut()
            except Exception as error:  # noqa: BLE001  (whatever it was, the events are needed again)
                log.warning("events_unreadable", error=type(error).__name__, advice="is Kafka up and migrated?")
            else:
                continue
            await asyncio.sleep(RETRY_S)

    async def _follow(self) -> None:
        """Until nobody has listened for a while."""
        async with self._opened() as reader:
            if self._positions is None:
                self._positions = await reader.ends()
            reader.begin(self._positions)
            self._following.set()
            log.info("events_followed", partitions=self._partitions)
            listened = time.monotonic()
            while True:
                records = await reader.poll(timeout_ms=POLL_MS, most=MOST_RECORDS)
                summaries = [summary_of(record) for record in records]
                await self.owners.learn(summaries)
                now = time.time_ns() // 1_000_000
                for record, summary in zip(records, summaries, strict=True):
                    self._hand_out(record, summary, now)
                if self._interested:
                    listened = time.monotonic()
                elif time.monotonic() - listened > self._idle_s:
                    self._wanted.clear()
                    self._forget()
                    return
                await asyncio.sleep(0)  # a poll that finds records at hand lets nobody else run

    def _hand_out(self, record: Record, summary: Summary | None, now: int) -> None:
        self.positions[record.partition] = record.offset + 1
        if summary is None or self.owners.contradict(summary):
            return
        self.delays.append(Delay(max(0, record.timestamp - summary.timestamp), max(0, now - record.timestamp)))
        takers = [one for one in self._listeners.get(summary.organization, ()) if one.takes(summary)]
        body = shown(record, summary) if takers else None
        if body is not None:
            for listener in takers:
                listener.offer(record.partition, record.offset, body)

    def _forget(self) -> None:
        self._positions = None
        self._following.clear()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[LogReader]:
        if self._partitions is None:
            self._partitions = await self._count_partitions()
        async with open_log(self._settings, self._topic, self._partitions) as reader:
            yield reader

    async def _count_partitions(self) -> int:
        admin = create_admin(self._settings, client_id="waypost-api-events")
        try:
            await admin.start()
            counts = await partition_counts(admin, [self._topic])
        finally:
            await admin.close()
        return counts[self._topic]
