"""Following the log through outages, and only while somebody listens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from tests.processes import eventually
from tests.unit.waypost_api.events.records import ORGANIZATION, message_record, raw_record, unknown_owners

from waypost_api.events import live_log
from waypost_api.events.live_log import LiveLog
from waypost_api.events.log_reader import LogCutError
from waypost_api.events.resume_tokens import Positions
from waypost_api.events.shown import Summary
from waypost_common.consumption import Record
from waypost_common.errors import UnavailableError
from waypost_common.settings import KafkaSettings


class Kafka:
    """One partition in memory, and what is wrong with it at the moment."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.error: Exception | None = None
        self.begun_at: list[Positions] = []
        """Where each reader began."""
        self.open = 0

    def write(self, own_id: str, organization: str = ORGANIZATION) -> None:
        self.records.append(message_record(own_id, partition=0, offset=len(self.records), organization=organization))

    async def ends(self) -> Positions:
        return [len(self.records)]

    def begin(self, positions: Positions) -> None:
        self.begun_at.append(list(positions))
        self._next = positions[0]

    async def poll(self, **_bounds: Any) -> list[Record]:
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        found = self.records[self._next :]
        self._next += len(found)
        return found


class Heard:
    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.was_cut = False

    def takes(self, summary: Summary) -> bool:
        return summary.organization == ORGANIZATION

    def offer(self, _partition: int, offset: int, _body: bytes) -> None:
        self.offsets.append(offset)

    def log_was_cut(self) -> None:
        self.was_cut = True


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    kafka = Kafka()

    @asynccontextmanager
    async def opened(*_arguments: Any) -> AsyncIterator[Kafka]:
        if kafka.error is not None:
            raise kafka.error
        kafka.open += 1
        try:
            yield kafka
        finally:
            kafka.open -= 1

    async def one_partition(_log: LiveLog) -> int:
        return 1

    monkeypatch.setattr(live_log, "open_log", opened)
    monkeypatch.setattr(LiveLog, "_count_partitions", one_partition)
    monkeypatch.setattr(live_log, "RETRY_S", 0)
    return kafka


async def until(condition: Callable[[], bool]) -> None:
    await eventually(condition, "the condition", every=0)


@asynccontextmanager
async def following(*, idle_s: float = 60) -> AsyncIterator[LiveLog]:
    log = LiveLog(KafkaSettings(), unknown_owners(), idle_s=idle_s)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(log.run(), name="live log")
        yield log
        task.cancel()


async def test_the_log_is_followed_from_its_end_while_somebody_listens(kafka: Kafka) -> None:
    kafka.write("before")
    async with following(idle_s=0) as log:
        with log.listening():
            await log.followed(within_s=60)
            heard = Heard()
            assert log.join(ORGANIZATION, heard) == [1]
            kafka.write("M1")
            kafka.write("theirs", organization="org_2")
            kafka.records.append(raw_record(b"no event", None, offset=3))
            kafka.write("M2")
            await until(lambda: log.positions == [5])
            assert heard.offsets == [1, 4]
            log.leave(ORGANIZATION, heard)
        await until(lambda: kafka.open == 0)
        with pytest.raises(UnavailableError):
            assert log.positions


async def test_through_an_outage_nothing_is_missed_and_nothing_told_twice(kafka: Kafka) -> None:
    async with following() as log:
        with log.listening():
            await log.followed(within_s=60)
            heard = Heard()
            log.join(ORGANIZATION, heard)
            kafka.write("M1")
            await until(lambda: heard.offsets == [0])
            kafka.error = KafkaConnectionError()
            await until(lambda: kafka.open == 0)
            kafka.write("M2")
            kafka.error = None
            await until(lambda: heard.offsets == [0, 1])
    assert kafka.begun_at == [[0], [1]]


async def test_a_log_that_was_cut_ends_who_listens_and_is_followed_anew_from_its_end(kafka: Kafka) -> None:
    async with following() as log:
        with log.listening():
            await log.followed(within_s=60)
            heard = Heard()
            log.join(ORGANIZATION, heard)
            kafka.error = LogCutError()
            await until(lambda: heard.was_cut)
            kafka.write("M1")
            kafka.error = None
            await log.followed(within_s=60)
            assert log.positions == [1]


async def test_whoever_wants_to_listen_while_kafka_is_away_is_told_so(kafka: Kafka) -> None:
    kafka.error = KafkaConnectionError()
    async with following() as log:
        with log.listening(), pytest.raises(UnavailableError, match="Kafka"):
            await log.followed(within_s=0.01)
