"""Kafka goes away in the middle and comes back."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiokafka.admin import NewTopic
from tests.faults.figures import Figures
from tests.faults.servers import OwnKafka
from tests.integration.connector.conftest import PARTITIONS, Network
from tests.integration.connector.test_arrivals import ReadEvents, assert_in_order_per_chat, ids_of
from tests.processes import Process, eventually

from waypost_common.kafka import create_admin
from waypost_common.settings import KafkaSettings
from waypost_common.topics import EVENTS, EVENTS_DLQ, live_commands

BUFFER = 100
TOTAL = 2_000
WORLD = ("--sessions", "4", "--chats", "20", "--events", str(TOTAL), "--rate", "400")


@pytest.fixture
async def own_kafka(tmp_path: Path) -> AsyncIterator[OwnKafka]:
    server = OwnKafka(tmp_path)
    try:
        await server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
async def kafka_settings(own_kafka: OwnKafka) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=own_kafka.address, topic_prefix="outage.")


def start(connector: Process) -> None:
    connector.environment = connector.environment | {"WAYPOST_CONNECTOR_BUFFER_EVENTS": str(BUFFER)}
    connector.start()


def is_full(connector: Process) -> Callable[[], Awaitable[bool]]:
    async def full() -> bool:
        _, metrics = await asyncio.to_thread(connector.probe, "/metrics")
        return f"waypost_connector_buffered_events {BUFFER}.0" in metrics

    return full


async def test_while_kafka_is_away_the_connector_keeps_a_bounded_buffer_and_then_delivers_everything_in_order(
    own_kafka: OwnKafka,
    start_network: Callable[..., Network],
    connector: Process,
    read_events: ReadEvents,
    record_property: Callable[[str, object], None],
) -> None:
    network = start_network(*WORLD)
    start(connector)
    await eventually(lambda: len(network.acknowledged()) > 300, "some acknowledged")
    own_kafka.kill()
    await eventually(is_full(connector), "the buffer is full, and no fuller")
    status, body = await asyncio.to_thread(connector.probe, "/readyz")
    assert status == 503
    assert "does not answer" in body
    assert (await asyncio.to_thread(connector.probe, "/healthz"))[0] == 200
    at_outage = len(network.acknowledged())
    await own_kafka.start()
    with Figures(record_property).until("Kafka is back, until what arrives is acknowledged"):
        await eventually(lambda: len(network.acknowledged()) > at_outage, "more acknowledged")
    await eventually(lambda: len(network.acknowledged()) >= TOTAL, f"all acknowledged, {at_outage} before")
    records = await read_events()
    assert set(network.acknowledged()) <= set(ids_of(records))
    assert_in_order_per_chat(records, network.acknowledged())
    assert len(network.record("logged_in")) == 4
    assert await asyncio.to_thread(connector.end, signal.SIGTERM) == 0


async def test_a_kafka_that_answers_now_and_then_slows_whatsapp_down_and_loses_and_reorders_nothing(
    own_kafka: OwnKafka,
    start_network: Callable[..., Network],
    connector: Process,
    read_events: ReadEvents,
) -> None:
    network = start_network(*WORLD)
    start(connector)
    for silence in range(1, 4):
        await eventually(lambda wanted=silence * 300: len(network.acknowledged()) > wanted, f"some before silence {silence}")
        async with own_kafka.stopped():
            await eventually(is_full(connector), "the buffer is full, and no fuller")
    await eventually(lambda: len(network.acknowledged()) >= TOTAL, "all acknowledged")
    records = await read_events()
    assert set(network.acknowledged()) <= set(ids_of(records))
    assert_in_order_per_chat(records, network.acknowledged())
    assert len(network.record("logged_in")) == 4


async def test_sigterm_while_kafka_is_away_ends_with_0_within_the_deadline_and_acknowledges_nothing_that_kafka_does_not_have(
    own_kafka: OwnKafka, start_network: Callable[..., Network], connector: Process, read_events: ReadEvents
) -> None:
    network = start_network("--sessions", "2", "--chats", "10", "--rate", "200")
    connector.environment = connector.environment | {"WAYPOST_CONNECTOR_SHUTDOWN_SECONDS": "1"}
    connector.start()
    await eventually(lambda: len(network.acknowledged()) > 100, "some acknowledged")
    own_kafka.kill()

    async def holds_some() -> bool:
        _, metrics = await asyncio.to_thread(connector.probe, "/metrics")
        return "waypost_connector_buffered_events 0.0" not in metrics

    await eventually(holds_some, "it holds events that Kafka does not have")
    assert await asyncio.to_thread(connector.end, signal.SIGTERM) == 0
    await eventually(lambda: len(network.record("disconnected")) == 2, "both disconnected")
    await own_kafka.start()
    assert set(network.acknowledged()) <= set(ids_of(await read_events()))


async def test_a_topic_that_is_not_made_yet_is_named_by_readiness_and_waited_for(
    own_kafka: OwnKafka, start_network: Callable[..., Network], connector: Process, kafka_settings: KafkaSettings
) -> None:
    network = start_network("--sessions", "1", "--chats", "5", "--events", "200", "--rate", "0")
    connector.environment = connector.environment | {"WAYPOST_KAFKA_TOPIC_PREFIX": "later."}
    connector.start()

    async def names_the_topic() -> bool:
        return "topic later.wa.events is missing: run waypost migrate" in (await asyncio.to_thread(connector.probe, "/readyz"))[1]

    await eventually(names_the_topic, "readiness names the topic")
    admin = create_admin(kafka_settings, client_id="test")
    await admin.start()
    topics = (EVENTS, EVENTS_DLQ, live_commands("simulated"))
    await admin.create_topics([NewTopic(f"later.{topic}", PARTITIONS, 1) for topic in topics])
    await admin.close()
    await eventually(lambda: len(network.acknowledged()) >= 200, "all acknowledged")
