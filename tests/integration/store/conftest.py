"""A system of its own for each test: topics and a database, set up by the real migration, and the store running in-process."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic import SecretStr
from tests.mongo_driver import DRIVER
from tests.plugins.blocking import nothing_blocks_the_event_loop
from tests.processes import eventually

from waypost_common.commands import STORE_COMMAND_ADAPTER, key_of_command
from waypost_common.consumption import Record
from waypost_common.documents import Collection, SessionDocument
from waypost_common.identifiers import new_command_id
from waypost_common.kafka import create_producer
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.settings import KafkaSettings, MetricsSettings, MongoSettings
from waypost_common.topics import COMMANDS_STORE, topic_name, topic_names
from waypost_store.app import StoreService, create_service
from waypost_store.settings import StoreBlock, StoreSettings
from waypost_store.setup.migrate import migrate

__all__ = ["nothing_blocks_the_event_loop"]

PARTITIONS = 4
DEADLINE_S = 30.0
JID = "6281234567890@s.whatsapp.net"


@pytest.fixture
def settings(kafka_server: str, mongod_server: str, topic_prefix: str, mongo_database_name: str) -> StoreSettings:
    return StoreSettings(
        kafka=KafkaSettings(bootstrap_servers=kafka_server, topic_prefix=topic_prefix, partitions=PARTITIONS),
        mongo=MongoSettings(url=SecretStr(mongod_server), database=mongo_database_name, driver=DRIVER),
        metrics=MetricsSettings(port=0),
        store=StoreBlock(startup_timeout_s=20, sweep_interval_s=0.2, expire_after_ms=200),
    )


@pytest.fixture
async def database(settings: StoreSettings) -> AsyncIterator[MongoDatabase]:
    async with open_client(settings.mongo, application="test") as client:
        yield open_database(client, settings.mongo)


@pytest.fixture
async def migrated(settings: StoreSettings) -> StoreSettings:
    await migrate(settings, plan=False, report=lambda _line: None)
    return settings


@asynccontextmanager
async def running_store(settings: StoreSettings) -> AsyncIterator[StoreService]:
    service = create_service(settings)
    async with service.app.lifespan_context():
        await service.app.start()
        try:
            yield service
        finally:
            await service.app.stop()


class System:
    """What a test does from outside: publish commands, and look at topics and operations."""

    def __init__(
        self, settings: StoreSettings, database: MongoDatabase, producer: AIOKafkaProducer, reader: AIOKafkaConsumer
    ) -> None:
        self.settings = settings
        self.database = database
        self.producer = producer
        self._reader = reader
        self._seen: list[Record] = []

    async def publish(self, topic: str, value: bytes, key: bytes | None, headers: list[tuple[str, bytes]] | None = None) -> None:
        await self.producer.send_and_wait(topic_name(self.settings.kafka, topic), value, key=key, headers=headers or [])

    async def command(self, name: str = "chat.read", *, headers: list[tuple[str, bytes]] | None = None, **changes: Any) -> str:
        """Publishes a command and returns its id. Times are now, unless changed."""
        now = time.time_ns() // 1_000_000
        body = {
            "schema": "v1",
            "id": new_command_id(),
            "command": name,
            "session": "S1",
            "organization": "org_1",
            "actor": {"kind": "program", "id": "test"},
            "issuedAt": now,
            "deadline": now + 10_000,
            "payload": {"chatJid": JID} if name.startswith("chat.") else {},
        } | changes
        key = key_of_command(STORE_COMMAND_ADAPTER.validate_python(body)).encode()
        await self.publish(COMMANDS_STORE, json.dumps(body).encode(), key, headers)
        return str(body["id"])

    async def record(self, topic: str, matches: Callable[[Record], bool]) -> Record:
        """The first record of the topic that matches, as soon as it is there."""
        return (await self.records(topic, matches, 1))[0]

    async def records(self, topic: str, matches: Callable[[Record], bool], count: int) -> list[Record]:
        name = topic_name(self.settings.kafka, topic)
        async with asyncio.timeout(DEADLINE_S):
            while True:
                found = [record for record in self._seen if record.topic == name and matches(record)]
                if len(found) >= count:
                    return found
                polled = await self._reader.getmany(timeout_ms=200)
                self._seen += [record for records in polled.values() for record in records]

    async def event_of(self, command: str) -> Record:
        return await self.record("wa.events", header_is("command", command))

    async def outcome_of(self, command: str) -> dict[str, Any]:
        return dict(json.loads((await self.record("wa.outcomes", key_is(command))).value or b""))

    async def operation(self, command: str, status: str) -> dict[str, Any]:
        """The operation once it has that status."""
        found: list[dict[str, Any]] = []

        async def is_there() -> bool:
            found[:] = await self.database[Collection.OPERATIONS].find({"_id": command, "status": status}).to_list(1)
            return bool(found)

        async with asyncio.timeout(DEADLINE_S):
            await eventually(is_there, f"an operation {command} that is {status}", every=0.02)
        return found[0]

    async def add_session(self, session: str = "S1", organization: str = "org_1") -> None:
        document: dict[str, Any] = dict.fromkeys(SessionDocument.__required_keys__)
        document |= {"_id": session, "session": session, "organization": organization, "partition": 0, "offset": 0}
        document["status"] = "working"
        await self.database[Collection.SESSIONS].insert_one(document)


def header_is(name: str, value: str) -> Callable[[Record], bool]:
    return lambda record: dict(record.headers).get(name) == value.encode()


def key_is(value: str) -> Callable[[Record], bool]:
    return lambda record: record.key == value.encode()


@pytest.fixture
async def system(migrated: StoreSettings, database: MongoDatabase) -> AsyncIterator[System]:
    """A migrated system with one session, S1 of org_1, and no store running."""
    producer = create_producer(migrated.kafka, client_id="test")
    reader = AIOKafkaConsumer(
        bootstrap_servers=migrated.kafka.bootstrap_servers, auto_offset_reset="earliest", enable_auto_commit=False
    )
    async with producer, reader:
        reader.assign([TopicPartition(name, index) for name in topic_names(migrated.kafka) for index in range(PARTITIONS)])
        system = System(migrated, database, producer, reader)
        await system.add_session()
        yield system


@pytest.fixture
async def store(system: System) -> AsyncIterator[StoreService]:
    async with running_store(system.settings) as service:
        yield service
