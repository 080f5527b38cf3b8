"""Streams over a log that goes on while they read it: nothing is missed, and nothing told twice but after a break."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.waypost_api.events.records import ORGANIZATION, message_record, unknown_owners

from waypost_api.events import catch_up
from waypost_api.events.frames import JsonLines
from waypost_api.events.live_log import LiveLog
from waypost_api.events.log_reader import LogReader
from waypost_api.events.places import CatchingUp
from waypost_api.events.resume_tokens import Positions, ResumeTokens
from waypost_api.events.shown import summary_of
from waypost_api.events.stream import CUT, SLOW, EventLog, Stream
from waypost_api.events.wish import Wish
from waypost_api.metrics import Metrics
from waypost_api.settings import StreamSettings
from waypost_common.consumption import Record
from waypost_common.events import EVENT_TYPES
from waypost_common.identifiers import OrganizationId
from waypost_common.settings import KafkaSettings

PARTITIONS = 3
OURS = OrganizationId(ORGANIZATION)
WISH = Wish(organization=OURS, session=None, events=frozenset(EVENT_TYPES), pairing=False)


class GrowingLog(LiveLog):
    """A log in memory. Whenever somebody reads the past a little more comes live."""

    def __init__(self, chance: random.Random, *, most: int) -> None:
        super().__init__(KafkaSettings(), unknown_owners())
        self._chance = chance
        self._left = most
        self.records: list[list[Record]] = [[] for _ in range(PARTITIONS)]
        self.ours: list[str] = []
        self._positions = [0] * PARTITIONS
        self._following.set()

        self.being_read = 0

    @property
    def names(self) -> list[list[str]]:
        """Of our messages, by partition."""
        told = [[orjson.loads(record.value or b"") for record in records] for records in self.records]
        return [[one["payload"]["waMessageId"] for one in events if one["organization"] == ORGANIZATION] for events in told]

    def grow(self, count: int) -> None:
        for _ in range(min(count, self._left)):
            self._left -= 1
            partition = self._chance.randrange(PARTITIONS)
            organization = self._chance.choice((ORGANIZATION, "org_2"))
            name = f"M{self._left}"
            offset = len(self.records[partition])
            record = message_record(name, partition=partition, offset=offset, organization=organization)
            self.records[partition].append(record)
            self.ours += [name] if organization == ORGANIZATION else []
            self._hand_out(record, summary_of(record), now=0)

    @property
    def is_done(self) -> bool:
        return not self._left

    @asynccontextmanager
    async def open_past(self) -> AsyncIterator[LogReader]:
        self.being_read += 1
        try:
            yield cast("LogReader", Past(self, self._chance))
        finally:
            self.being_read -= 1
            self.grow(self._chance.randrange(6))
            await asyncio.sleep(0)  # closing a reader takes a moment
            self.grow(self._chance.randrange(6))


class Past:
    def __init__(self, log: GrowingLog, chance: random.Random) -> None:
        self._log = log
        self._chance = chance
        self._next: dict[int, int] = {}

    async def check(self, _positions: Positions) -> None:
        self._log.grow(self._chance.randrange(4))

    def begin(self, positions: Positions) -> None:
        self._next = dict(enumerate(positions))

    def leave_out(self, partitions: Sequence[int]) -> None:
        for one in partitions:
            self._next.pop(one, None)

    async def poll(self, **_bounds: Any) -> list[Record]:
        await asyncio.sleep(0)
        self._log.grow(self._chance.randrange(6))
        found: list[Record] = []
        for partition in self._chance.sample(sorted(self._next), len(self._next)):
            start = self._next[partition]
            some = self._log.records[partition][start : start + self._chance.randrange(5)]
            self._next[partition] = start + len(some)
            found += some
        return found


class Client:
    """Reads a stream until it has had enough, and knows the place that it was told last."""

    def __init__(self, *, known: int = 0) -> None:
        """`known`: how many were told before it."""
        self._known = known
        self.told: list[str] = []
        self.before: list[str] = []
        """What was told up to the last place."""
        self.token: str | None = None

    def expected(self, log: "GrowingLog") -> int:
        return len(log.ours) - self._known

    async def write(self, data: bytes) -> None:
        for line in data.splitlines():
            frame = orjson.loads(line)
            match frame["event"]:
                case "ping":
                    self.token = frame["cursor"]
                    self.before = list(self.told)
                case "message":
                    self.told.append(frame["payload"]["waMessageId"])
        await asyncio.sleep(0)


def event_log(live: LiveLog, *, queue_events: int = 4) -> EventLog:
    return EventLog(
        live=live,
        catching_up=CatchingUp(2),
        tokens=ResumeTokens(b"a secret of this test"),
        settings=StreamSettings(queue_events=queue_events, heartbeat_s=60),
        metrics=Metrics(),
    )


async def read(log: EventLog, client: Client, start: Positions, *, ticks: int | None = None) -> None:
    """To the end of a log that goes on meanwhile; or until so many ticks have passed."""
    live = cast("GrowingLog", log.live)
    stream = Stream(log, WISH, JsonLines(), start, client.write)

    async def watch() -> None:
        left = ticks
        while left != 0 and not (live.is_done and len(client.told) >= client.expected(live)):
            if not live.being_read and stream.is_live and len(client.told) >= client.expected(live):
                live.grow(3)
            await asyncio.sleep(0)
            left = None if left is None else left - 1
        stream.end()

    async with asyncio.timeout(60):
        assert await stream.run([watch()]) is None


def in_order(told: list[str], log: GrowingLog) -> bool:
    """Within each partition."""
    return all(
        [name for name in told if name in names] == sorted((name for name in told if name in names), key=names.index)
        for names in log.names
    )


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), before=st.integers(0, 60), near=st.sampled_from([0, 5, 1_000]))
def test_a_stream_that_catches_up_is_told_everything_once_and_in_order(seed: int, before: int, near: int) -> None:
    log, client = GrowingLog(random.Random(seed), most=120), Client()
    log.grow(before)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catch_up, "NEAR", near)
        asyncio.run(read(event_log(log), client, [0] * PARTITIONS))
    assert sorted(client.told) == sorted(log.ours)
    assert in_order(client.told, log)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), ticks=st.integers(1, 150))
def test_whoever_breaks_off_is_told_the_rest_from_the_last_place_on(seed: int, ticks: int) -> None:
    log, first = GrowingLog(random.Random(seed), most=120), Client()
    streams = event_log(log)
    asyncio.run(read(streams, first, [0] * PARTITIONS, ticks=ticks))
    place = [0] * PARTITIONS if first.token is None else streams.tokens.decode(OURS, first.token)
    then = Client(known=len(first.before))
    asyncio.run(read(event_log(log), then, place))
    assert sorted(first.before + then.told) == sorted(log.ours)
    assert set(first.told) <= set(log.ours)
    assert in_order(first.before + then.told, log)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), before=st.integers(0, 60))
def test_those_that_share_the_places_for_reading_the_past_are_all_told_everything_once(seed: int, before: int) -> None:
    async def read_at_once() -> None:
        async with asyncio.TaskGroup() as tasks:
            for client in clients:
                tasks.create_task(read(streams, client, [0] * PARTITIONS), name="client")

    log, clients = GrowingLog(random.Random(seed), most=120), [Client() for _ in range(4)]
    log.grow(before)
    streams = event_log(log, queue_events=120)  # others make the log grow: nobody may be too slow for that
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catch_up, "SLICE_S", 0)
        asyncio.run(read_at_once())
    for client in clients:
        assert sorted(client.told) == sorted(log.ours)
        assert in_order(client.told, log)


async def test_whoever_reads_too_slowly_is_ended_and_told_so() -> None:
    log = GrowingLog(random.Random(1), most=100)
    taken = asyncio.Event()

    async def write(_data: bytes) -> None:
        taken.set()
        await asyncio.Event().wait()

    async def watch() -> None:
        await taken.wait()
        log.grow(100)

    stream = Stream(event_log(log), WISH, JsonLines(), None, write)
    async with asyncio.timeout(60):
        assert await stream.run([watch()]) is SLOW


async def test_a_log_that_was_cut_ends_the_streams_that_follow_it() -> None:
    log = GrowingLog(random.Random(1), most=100)
    connected = asyncio.Event()

    async def write(_data: bytes) -> None:
        connected.set()

    stream = Stream(event_log(log), WISH, JsonLines(), None, write)

    async def watch() -> None:
        await connected.wait()
        stream.log_was_cut()

    async with asyncio.timeout(60):
        assert await stream.run([watch()]) is CUT
