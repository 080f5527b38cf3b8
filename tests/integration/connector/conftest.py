"""The network and the connector as processes of their own, on a real Kafka."""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewTopic
from tests.plugins.pipeline import DEVICE_KEY
from tests.processes import Process

from waypost_common.kafka import create_admin
from waypost_common.settings import KafkaSettings
from waypost_common.topics import EVENTS, EVENTS_DLQ, live_commands
from waypost_connector.simulated.record import read_record
from waypost_local.ports import free_port

PARTITIONS = 4


class Network(Process):
    def __init__(self, folder: Path, environment: dict[str, str], *options: str) -> None:
        arguments = ["waypost-simulated-network", "--data", str(folder / "network"), *options]
        super().__init__(arguments, environment, folder / "network.log")
        self._folder = folder / "network"

    def record(self, *what: str) -> list[dict[str, Any]]:
        return [line for line in read_record(self._folder) if line["what"] in what]

    def acknowledged(self) -> dict[str, int]:
        """Event id to sequence number."""
        lines = self.record("acknowledged")
        return {f"evt_{name}": sequence for line in lines for name, sequence in zip(line["ids"], line["sequences"], strict=True)}


@pytest.fixture
def kafka_settings(kafka_server: str, topic_prefix: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=kafka_server, topic_prefix=topic_prefix, partitions=PARTITIONS)


@pytest.fixture
async def topics(kafka_settings: KafkaSettings) -> None:
    admin = create_admin(kafka_settings, client_id="test")
    await admin.start()
    try:
        names = [kafka_settings.topic_prefix + topic for topic in (EVENTS, EVENTS_DLQ, live_commands("simulated"))]
        await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
    finally:
        await admin.close()


@pytest.fixture
def environment(kafka_settings: KafkaSettings, topics: None, mongod_server: str, mongo_database_name: str) -> dict[str, str]:
    """MongoDB says which sessions are stopped; its database is empty, so all of them run."""
    return {
        "WAYPOST_MONGO_URL": mongod_server,
        "WAYPOST_MONGO_DATABASE": mongo_database_name,
        "WAYPOST_KAFKA_BOOTSTRAP_SERVERS": kafka_settings.bootstrap_servers,
        "WAYPOST_KAFKA_TOPIC_PREFIX": kafka_settings.topic_prefix,
        "WAYPOST_DEVICES_KEYS": DEVICE_KEY,
        "WAYPOST_NETWORK_PORT": str(free_port()),
        "WAYPOST_NETWORK_SECRET": "of network and connector",
        "WAYPOST_CONNECTOR_REFRESH_SECONDS": "0.2",
    }


@pytest.fixture
def start_network(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Network]]:
    started: list[Network] = []

    def start(*options: str) -> Network:
        network = Network(tmp_path, environment | {"WAYPOST_METRICS_PORT": str(free_port())}, *options)
        network.start()
        started.append(network)
        return network

    yield start
    for network in started:
        network.end(signal.SIGKILL)


@pytest.fixture
def connector(environment: dict[str, str], tmp_path: Path) -> Iterator[Process]:
    """Not started yet."""
    metrics = {"WAYPOST_METRICS_PORT": str(free_port()), "WAYPOST_LOG_LEVEL": "debug"}
    process = Process(["waypost-connector", "run"], environment | metrics, tmp_path / "connector.log")
    yield process
    process.end(signal.SIGKILL)
    assert process.secrets_in_log() == []


@pytest.fixture
async def read_events(kafka_settings: KafkaSettings, topics: None) -> AsyncIterator[Callable[[], Awaitable[list[Any]]]]:
    """Reads what came on wa.events since the last call and returns all records so far, per partition in order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_settings.bootstrap_servers, enable_auto_commit=False)
    await consumer.start()
    partitions = [TopicPartition(kafka_settings.topic_prefix + EVENTS, number) for number in range(PARTITIONS)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    seen: list[Any] = []

    async def read() -> list[Any]:
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=100)).values():
                seen.extend(records)
        return seen

    yield read
    await consumer.stop()
