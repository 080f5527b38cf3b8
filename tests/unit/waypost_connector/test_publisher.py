"""Order and completeness of publishing, whatever the producer does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, NotLeaderForPartitionError, ProducerClosed, TopicAuthorizationFailedError
from tests.processes import eventually
from tests.unit.waypost_connector.owned import OneProducer, held

from waypost_common.identifiers import SessionId
from waypost_connector.backend import OvertakenError
from waypost_connector.fenced_producer import ProducerGivenUpError
from waypost_connector.fences import Hold
from waypost_connector.metrics import ConnectorMetrics
from waypost_connector.publisher import Capacity, Publisher, Record


class Producer:
    """Stands for aiokafka's: `behave` may raise from send, or give the exception that a record's future gets."""

    def __init__(self, behave: Callable[[bytes], BaseException | None] = lambda _value: None) -> None:
        self.taken: list[bytes] = []
        self.behave = behave
        self.answering = asyncio.Event()
        self.answering.set()
        self.asked = 0

    async def send(self, topic: str, value: bytes, *, key: bytes, headers: list[Any]) -> asyncio.Future[object]:
        self.asked += 1
        await self.answering.wait()
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        error = self.behave(value)
        if error is None:
            self.taken.append(value)
            future.set_result(object())
        else:
            future.set_exception(error)
        return future


def record(value: int, key: bytes = b"chat") -> Record:
    return Record(topic="t", key=key, value=str(value).encode(), headers=(), label="message")


AMPLE = Capacity(1_000)


@asynccontextmanager
async def publishing(
    producer: Producer,
    capacity: Capacity = AMPLE,
    *,
    producers: OneProducer | None = None,
    metrics: ConnectorMetrics | None = None,
) -> AsyncIterator[Publisher]:
    publisher = Publisher(producers or OneProducer(producer), metrics or ConnectorMetrics(), capacity=capacity)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(publisher.run())
        yield publisher
        running.cancel()


def fails_once(error: BaseException, value: bytes) -> Callable[[bytes], BaseException | None]:
    left = [error]
    return lambda given: left.pop() if given == value and left else None


async def test_records_of_one_key_arrive_in_order() -> None:
    producer = Producer()
    async with publishing(producer) as publisher:
        await asyncio.wait([await publisher.submit(record(number)) for number in range(500)])
    assert producer.taken == [str(number).encode() for number in range(500)]


@pytest.mark.parametrize("error", [KafkaTimeoutError(), NotLeaderForPartitionError()])
async def test_a_failed_record_is_repeated_before_any_later_one_counts_as_taken(error: Exception) -> None:
    producer = Producer(fails_once(error, b"3"))
    completed: list[int] = []

    def note(number: int, _future: object) -> None:
        completed.append(number)

    async with publishing(producer) as publisher:
        futures = [await publisher.submit(record(number)) for number in range(6)]
        for number, future in enumerate(futures):
            future.add_done_callback(partial(note, number))
        await asyncio.wait(futures)
    assert completed == [0, 1, 2, 3, 4, 5]
    repeated = producer.taken[producer.taken.index(b"3") :]
    assert repeated == [b"3", b"4", b"5"]


async def test_a_full_buffer_makes_the_next_record_wait_until_there_is_room() -> None:
    producer = Producer()
    producer.answering.clear()
    async with publishing(producer, Capacity(2)) as publisher:
        first = [await publisher.submit(record(number)) for number in range(2)]
        third = asyncio.ensure_future(publisher.submit(record(2)))  # noqa: TID251 - awaited below
        await asyncio.sleep(0)
        assert not third.done()
        producer.answering.set()
        await asyncio.wait([*first, await third])
    assert producer.taken == [b"0", b"1", b"2"]


async def test_a_record_whose_waiter_was_cancelled_is_published_all_the_same() -> None:
    producer = Producer()
    async with publishing(producer) as publisher:
        (await publisher.submit(record(1))).cancel()
        await (await publisher.submit(record(2)))
    assert producer.taken == [b"1", b"2"]


async def test_a_refusal_that_cannot_pass_ends_the_publisher() -> None:
    publisher = Publisher(
        OneProducer(Producer(lambda _value: TopicAuthorizationFailedError())), ConnectorMetrics(), capacity=Capacity(9)
    )
    await publisher.submit(record(1))
    with pytest.raises(ExceptionGroup) as errors:
        await publisher.run()
    assert errors.group_contains(TopicAuthorizationFailedError)


def of_session(hold: Hold, value: int, key: bytes = b"chat") -> Record:
    return replace(record(value, key), hold=hold)


def overtaken(session: str = "s1") -> Hold:
    hold = held(session)
    hold.overtake()
    return hold


async def test_what_is_left_of_a_session_that_was_lost_is_not_published_and_its_waiter_is_told() -> None:
    producer, metrics = Producer(), ConnectorMetrics()
    async with publishing(producer, metrics=metrics) as publisher:
        left = [await publisher.submit(of_session(overtaken(), number)) for number in range(2)]
        kept = await publisher.submit(of_session(held("s2"), 3))
        for future in left:
            with pytest.raises(OvertakenError):
                await future
        await kept
    assert producer.taken == [b"3"]
    assert metrics.registry.get_sample_value("waypost_connector_left_events_total") == 2


async def test_nothing_is_handed_to_the_producer_before_the_hold_is_confirmed() -> None:
    clock = [0.0]
    hold = Hold(SessionId("s1"), 1, not_before=5.0, monotonic=lambda: clock[0])
    producer = Producer()
    async with publishing(producer) as publisher:
        done = await publisher.submit(of_session(hold, 1))
        hold.see(0.0)
        await asyncio.sleep(0)
        assert producer.taken == []
        clock[0] = 5.0
        hold.see(5.0)
        await done
    assert producer.taken == [b"1"]


async def test_a_producer_that_was_given_up_is_renewed_and_the_lane_goes_on() -> None:
    producer = Producer(fails_once(ProducerGivenUpError(), b"2"))
    producers = OneProducer(producer)
    async with publishing(producer, producers=producers) as publisher:
        await asyncio.wait([await publisher.submit(record(number)) for number in range(4)])
    assert producers.renewed == 1
    assert list(dict.fromkeys(producer.taken)) == [b"0", b"1", b"3", b"2"]
    assert producer.taken[-2:] == [b"2", b"3"]


async def test_a_producer_that_another_lane_has_closed_meanwhile_is_no_reason_to_end() -> None:
    producer = Producer(fails_once(ProducerClosed(), b"0"))
    producers = OneProducer(producer)
    async with publishing(producer, producers=producers) as publisher:
        await (await publisher.submit(record(0)))
    assert producers.renewed == 1


async def test_writing_waits_for_the_holds_of_what_the_producer_has_and_is_over_when_one_is_lost() -> None:
    producer, clock = Producer(), [0.0]
    producer.answering.clear()
    hold = Hold(SessionId("s1"), 1, monotonic=lambda: clock[0])
    hold.see(0.0)
    async with publishing(producer) as publisher:
        await publisher.writing_is_allowed()
        await publisher.submit(of_session(hold, 1))
        await eventually(lambda: producer.asked > 0, "the producer has it", every=0.001)
        clock[0] = 60.0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await publisher.writing_is_allowed()
        hold.see(60.0)
        await publisher.writing_is_allowed()
        hold.overtake()
        with pytest.raises(ProducerGivenUpError):
            await publisher.writing_is_allowed()
        producer.answering.set()


async def test_the_buffer_is_bounded_by_bytes_as_well_and_takes_what_is_larger_than_it_alone() -> None:
    producer = Producer()
    producer.answering.clear()
    async with publishing(producer, Capacity(1_000, octets=10)) as publisher:
        large = await publisher.submit(record(10**20))
        waiting = asyncio.ensure_future(publisher.submit(record(1)))  # noqa: TID251 - awaited below
        await asyncio.sleep(0)
        assert not waiting.done()
        producer.answering.set()
        await large
        await (await waiting)
    assert producer.taken == [str(10**20).encode(), b"1"]
