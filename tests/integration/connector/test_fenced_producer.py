"""What a producer may write, and when, on a real Kafka."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from waypost_common.kafka import create_producer
from waypost_common.settings import KafkaSettings
from waypost_common.topics import EVENTS
from waypost_connector.fenced_producer import ProducerGivenUpError
from waypost_connector.producers import RenewedProducers

ReadEvents = Callable[[], Awaitable[list[Any]]]


class Gate:
    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.open = asyncio.Event()
        self.is_lost = False

    async def __call__(self) -> None:
        self.asked.set()
        await self.open.wait()
        if self.is_lost:
            raise ProducerGivenUpError


@pytest.fixture
async def gate() -> Gate:
    return Gate()


@pytest.fixture
async def producers(kafka_settings: KafkaSettings, topics: None, gate: Gate) -> AsyncIterator[RenewedProducers]:
    one = RenewedProducers(lambda: create_producer(kafka_settings, client_id="test"))
    await one.start(gate)
    yield one
    gate.open.set()
    await one.stop()


async def test_nothing_is_written_before_it_is_allowed(
    producers: RenewedProducers, gate: Gate, kafka_settings: KafkaSettings, read_events: ReadEvents
) -> None:
    sent = await producers.current.send(kafka_settings.topic_prefix + EVENTS, b"{}", key=b"s|c")
    async with asyncio.timeout(20):
        await gate.asked.wait()
    assert await read_events() == []
    gate.open.set()
    await sent
    assert [record.value for record in await read_events()] == [b"{}"]


async def test_a_producer_that_holds_what_was_lost_writes_nothing_more_and_the_next_one_does(
    producers: RenewedProducers, gate: Gate, kafka_settings: KafkaSettings, read_events: ReadEvents
) -> None:
    topic, old = kafka_settings.topic_prefix + EVENTS, producers.current
    lost = await old.send(topic, b"lost", key=b"s|c")
    async with asyncio.timeout(20):
        await gate.asked.wait()
    gate.is_lost = True
    gate.open.set()
    with pytest.raises(ProducerGivenUpError):
        await lost
    gate.is_lost = False
    with pytest.raises(ProducerGivenUpError):
        await old.send_and_wait(topic, b"by the old one", key=b"s|c")
    await producers.renew(old)
    renewed = producers.current
    await producers.renew(old)
    assert producers.current is renewed
    await renewed.send_and_wait(topic, b"by the new one", key=b"s|c")
    assert [record.value for record in await read_events()] == [b"by the new one"]
