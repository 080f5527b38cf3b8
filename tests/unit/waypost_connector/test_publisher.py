"""Order and completeness of publishing, whatever the producer does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, NotLeaderForPartitionError, TopicAuthorizationFailedError
from tests.unit.waypost_connector.owned import OneProducer

from waypost_connector.metrics import ConnectorMetrics
from waypost_connector.publisher import Capacity, Publisher, Record


class Producer:
    """Stands for aiokafka's: `behave` may raise from send, or give the exception that a record's future gets."""

    def __init__(self, behave: Callable[[bytes], BaseException | None] = lambda _value: None) -> None:
        self.taken: list[bytes] = []
        self.behave = behave
        self.answering = asyncio.Event()
        self.answering.set()

    async def send(self, topic: str, value: bytes, *, key: bytes, headers: list[Any]) -> asyncio.Future[object]:
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


@asynccontextmanager
async def publishing(producer: Producer, capacity: int = 1_000) -> AsyncIterator[Publisher]:
    publisher = Publisher(OneProducer(producer), ConnectorMetrics(), capacity=Capacity(capacity))
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
    async with publishing(producer, capacity=2) as publisher:
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
