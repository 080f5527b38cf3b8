"""A history put on topics of its own once, for as many runs as want to read it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from benchmarks.histories import Encoded
from benchmarks.servers import Servers
from waypost_common.kafka import create_admin, create_producer
from waypost_common.settings import KafkaSettings
from waypost_common.topics import EVENTS, topic_name, topic_names

MOST_UNDER_WAY = 5_000


@dataclass(frozen=True)
class EventLog:
    topic_prefix: str
    topic: str
    count: int


def publish_log(servers: Servers, events: Sequence[Encoded]) -> EventLog:
    """Blocks until all are acknowledged."""
    settings = servers.new_system().kafka
    asyncio.run(publish(settings, events))
    return EventLog(settings.topic_prefix, topic_name(settings, EVENTS), len(events))


async def publish(settings: KafkaSettings, events: Iterable[Encoded]) -> None:
    """In their order, as the connector does."""
    topic = topic_name(settings, EVENTS)
    async with open_producer(settings) as producer:
        under_way: list[asyncio.Future[object]] = []
        for event in events:
            under_way.append(await producer.send(topic, event.value, key=event.key))
            if len(under_way) == MOST_UNDER_WAY:
                await asyncio.gather(*under_way)
                under_way.clear()
        await asyncio.gather(*under_way)


@asynccontextmanager
async def open_producer(settings: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    producer = create_producer(settings, client_id="benchmark")
    async with producer:
        yield producer


async def delete_topics(settings: KafkaSettings) -> None:
    """All of a system: a Kafka that keeps those of every run holds more files open with each."""
    admin = create_admin(settings, client_id="benchmark")
    await admin.start()
    try:
        await admin.delete_topics(list(topic_names(settings)))
    finally:
        await admin.close()
