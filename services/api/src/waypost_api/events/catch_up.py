"""Reads the past for one stream, up to where it is handed what comes live: the two meet without a gap or an event twice."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final, Protocol

import structlog
from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from waypost_api.events.live_log import LiveLog
from waypost_api.events.log_reader import LogReader
from waypost_api.events.places import CatchingUp
from waypost_api.events.resume_tokens import Positions
from waypost_api.events.shown import Summary, shown, summary_of
from waypost_common.consumption import Record
from waypost_common.identifiers import EpochMs, OrganizationId

log = structlog.stdlib.get_logger(__name__)

POLL_MS: Final = 500
MOST_RECORDS: Final = 200
RETRY_S: Final = 1.0
SLICE_S: Final = 5.0
"""So long one may read on while others wait for its place."""
NEAR: Final = 1_000
"""Records, of all organizations: from here on what comes live is kept for the stream."""


class Follower(Protocol):
    """The stream that catches up."""

    def takes(self, summary: Summary) -> bool: ...

    def join(self) -> Positions:
        """From where on it is handed what comes live, and keeps that. Again: it keeps nothing of before."""
        ...

    def leave(self) -> None: ...

    @property
    def overflowed(self) -> bool:
        """Whether more has come live than it can keep."""
        ...

    async def tell(self, bodies: Sequence[bytes], positions: Positions) -> None:
        """Returns once the client has taken them."""
        ...


class CatchUp:
    def __init__(self, live: LiveLog, places: CatchingUp, organization: OrganizationId, follower: Follower) -> None:
        self._live = live
        self._places = places
        self._organization = organization
        self._follower = follower
        self._positions: Positions = []

    async def run(self, start: Positions | EpochMs) -> None:
        """Returns when the follower has been told all up to where it joined. Raises LogCutError; outlasts an outage."""
        while True:
            try:
                async with self._places.place(self._organization), self._live.open_past() as reader:
                    self._positions = await reader.at(start) if isinstance(start, int) else list(start)
                    await reader.check(self._positions)
                    await self._follower.tell((), self._positions)
                    caught_up = await self._read(reader)
                    start = self._positions
                if caught_up:
                    return
            except (KafkaError, PyMongoError) as error:
                start = self._positions or start
                log.warning("past_events_unreadable", error=type(error).__name__, advice="are Kafka and MongoDB up?")
                await asyncio.sleep(RETRY_S)

    async def _read(self, reader: LogReader) -> bool:
        """False when its time is over because others wait."""
        until = time.monotonic() + SLICE_S
        reader.begin(self._positions)
        goal: Positions | None = None
        while True:
            if goal is None or self._follower.overflowed:
                if goal is not None:
                    reader.begin(self._positions)
                goal = self._goal()
            if goal is not None:
                reached = [number for number, end in enumerate(goal) if self._positions[number] >= end]
                if len(reached) == len(goal):
                    return True
                reader.leave_out(reached)
            await self._tell(await reader.poll(timeout_ms=POLL_MS, most=MOST_RECORDS), goal)
            if self._places.waiting and time.monotonic() >= until:
                self._follower.leave()
                return False
            await asyncio.sleep(0)  # neither a poll nor a write need let others run

    def _goal(self) -> Positions | None:
        """Up to where the past has to be read; None while that is far."""
        behind = sum(max(0, end - here) for here, end in zip(self._positions, self._live.positions, strict=True))
        if behind > NEAR:
            self._follower.leave()
            return None
        return self._follower.join()

    async def _tell(self, records: Sequence[Record], goal: Positions | None) -> None:
        bodies = []
        summaries = [summary_of(record) for record in records]
        await self._live.owners.learn(summaries)
        for record, summary in zip(records, summaries, strict=True):
            if goal is not None and record.offset >= goal[record.partition]:
                continue  # comes live
            self._positions[record.partition] = record.offset + 1
            if summary is not None and self._follower.takes(summary) and not self._live.owners.contradict(summary):
                body = shown(record, summary)
                if body is not None:
                    bodies.append(body)
        if records:
            await self._follower.tell(bodies, self._positions)
