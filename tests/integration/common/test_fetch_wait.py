"""An idle consumer of real Kafka."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.protocol.fetch import FetchRequest

from waypost_common.fetch_wait import FETCH_WAIT_MS, IDLE_AFTER_S, IDLE_FETCH_WAIT_MS, FetchWait
from waypost_common.kafka import create_admin, create_consumer, create_producer
from waypost_common.settings import KafkaSettings

POLL_MS = 20
DEADLINE_S = 30.0


@pytest.fixture
async def topic(kafka_server: str, topic_prefix: str) -> str:
    admin = create_admin(KafkaSettings(bootstrap_servers=kafka_server), client_id="test")
    await admin.start()
    name = topic_prefix + "rarely"
    await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    await admin.close()
    return name


@pytest.fixture
async def consumer(kafka_server: str, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    settings = KafkaSettings(bootstrap_servers=kafka_server)
    one = create_consumer(settings, client_id="test", group_id=None, fetch_max_wait_ms=FETCH_WAIT_MS)
    await one.start()
    one.assign([TopicPartition(topic, 0)])
    one.seek(TopicPartition(topic, 0), 0)
    try:
        yield one
    finally:
        await one.stop()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_kafka_may_hold_a_fetch_longer_once_nothing_has_come_for_a_while(
    consumer: AIOKafkaConsumer, topic: str, kafka_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[int] = []
    send: Callable[..., Awaitable[Any]] = consumer._client.send

    async def noted(node: int, request: Any, **options: Any) -> Any:
        if isinstance(request, FetchRequest):
            waits.append(request._max_wait_ms)
        return await send(node, request, **options)

    monkeypatch.setattr(consumer._client, "send", noted)
    clock = Clock()
    fetch_wait = FetchWait(clock)

    async def poll_until(wait_ms: int) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not waits or waits[-1] != wait_ms:
                fetch_wait.polled(consumer, records=bool(await consumer.getmany(timeout_ms=POLL_MS)))

    await poll_until(FETCH_WAIT_MS)
    clock.now += IDLE_AFTER_S
    await poll_until(IDLE_FETCH_WAIT_MS)

    producer = create_producer(KafkaSettings(bootstrap_servers=kafka_server), client_id="test")
    await producer.start()
    await producer.send_and_wait(topic, b"{}")
    await producer.stop()
    await poll_until(FETCH_WAIT_MS)
