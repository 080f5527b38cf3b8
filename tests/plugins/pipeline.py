"""A system of its own for a test: topics and a database set up by the real migration, and the services as processes."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic, RecordsToDelete
from pydantic import SecretStr
from tests.mongo_driver import DRIVER
from tests.processes import PROGRAMS, Process, eventually

from waypost_common.documents import Collection
from waypost_common.events import Event, encode_event, key_of
from waypost_common.kafka import create_admin, create_producer
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.settings import KafkaSettings, MongoSettings
from waypost_common.topics import EVENTS, INGEST_GROUP, group_name, topic_name
from waypost_local.ports import free_port
from waypost_store.generations import live_generation
from waypost_store.settings import StoreSettings
from waypost_store.setup.migrate import migrate

PARTITIONS = 4
DEVICE_KEY = "of-no-system-that-anybody-runs-but-of-tests"
RecordHeaders = list[tuple[str, bytes]]


class Pipeline:
    """What tests do from outside a running system: write and read topics, look at documents, start services."""

    def __init__(self, settings: StoreSettings, database: MongoDatabase, producer: AIOKafkaProducer, folder: Path) -> None:
        self.settings = settings
        self.database = database
        self.producer = producer
        self.processes: list[Process] = []
        self.more_environment: dict[str, str] = {}
        """Of every process that is started from then on."""
        self._folder = folder

    @property
    def environment(self) -> dict[str, str]:
        return {
            "WAYPOST_KAFKA_BOOTSTRAP_SERVERS": self.settings.kafka.bootstrap_servers,
            "WAYPOST_KAFKA_TOPIC_PREFIX": self.settings.kafka.topic_prefix,
            "WAYPOST_KAFKA_PARTITIONS": str(PARTITIONS),
            "WAYPOST_KAFKA_BACKENDS": self.settings.kafka.backends,
            "WAYPOST_MONGO_URL": self.settings.mongo.url.get_secret_value(),
            "WAYPOST_MONGO_DATABASE": self.settings.mongo.database,
            "WAYPOST_DEVICES_KEYS": DEVICE_KEY,
        }

    def process(self, *arguments: str, **environment: str) -> Process:
        """A program of the product with this system's settings, not yet started; killed after the test."""
        log = self._folder / f"{arguments[0]}-{len(self.processes)}.log"
        process = Process(list(arguments), self.environment | self.more_environment | environment, log)
        self.processes.append(process)
        return process

    async def start(self, *arguments: str, **environment: str) -> Process:
        process = self.process(*arguments, **environment)
        process.start()
        await process.until_ready()
        return process

    async def api_key(self, organization: str) -> str:
        """A key that may read and send, made as an operator makes one."""
        options = ["--organization", organization, "--permissions", "read,send", "--json"]
        command = [str(PROGRAMS / "waypost"), "keys", "create", *options]
        environment = os.environ | self.environment
        done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, check=True)
        return str(json.loads(done.stdout)["key"])

    async def start_api(self, **environment: str) -> Process:
        return await self.start("waypost-api", **({"WAYPOST_HTTP_PORT": str(free_port())} | environment))

    def client(self, api: Process, key: str) -> httpx.AsyncClient:
        """To be entered and left by the caller."""
        address = f"http://127.0.0.1:{api.environment['WAYPOST_HTTP_PORT']}"
        return httpx.AsyncClient(base_url=address, headers={"x-api-key": key}, timeout=30)

    async def publish(self, events: Iterable[Event], headers: Callable[[Event], RecordHeaders] | None = None) -> None:
        """Puts events on the topic in order, each with its own key."""
        topic = topic_name(self.settings.kafka, EVENTS)
        sends = [
            await self.producer.send(
                topic, encode_event(event), key=key_of(event).encode(), headers=headers(event) if headers else []
            )
            for event in events
        ]
        await asyncio.gather(*sends)

    async def publish_raw(self, value: bytes, key: str, topic: str = EVENTS, headers: RecordHeaders | None = None) -> None:
        await self.producer.send_and_wait(topic_name(self.settings.kafka, topic), value, key=key.encode(), headers=headers or [])

    async def publish_unreadable(self, key: str) -> int:
        """Puts a record on the events topic that aiokafka cannot read back; returns its offset."""
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("unreadable_record.py")),
            self.settings.kafka.bootstrap_servers,
            topic_name(self.settings.kafka, EVENTS),
            key,
            env=os.environ | {"AIOKAFKA_NO_EXTENSIONS": "1"},
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await program.communicate()
        return int(printed)

    async def read_all(self, topic: str = EVENTS) -> list[Any]:
        """Every record that the topic holds now, in log order per partition."""
        name = topic_name(self.settings.kafka, topic)
        partitions = [TopicPartition(name, number) for number in range(PARTITIONS)]
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.kafka.bootstrap_servers, auto_offset_reset="earliest", enable_auto_commit=False
        )
        async with consumer:
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            records: list[Any] = []
            while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
                polled = await consumer.getmany(timeout_ms=1_000)
                records += [record for found in polled.values() for record in found]
        return records

    async def ends(self) -> dict[int, int]:
        name = topic_name(self.settings.kafka, EVENTS)
        partitions = [TopicPartition(name, number) for number in range(PARTITIONS)]
        async with AIOKafkaConsumer(bootstrap_servers=self.settings.kafka.bootstrap_servers) as consumer:
            found = await consumer.end_offsets(partitions)
        return {partition.partition: end for partition, end in found.items()}

    async def recreate_topic(self, name: str, partitions: int) -> None:
        """Deletes a topic and makes it again, empty: what an operator may do by mistake."""
        admin = create_admin(self.settings.kafka, client_id="test")
        await admin.start()
        try:
            await admin.delete_topics([name])

            async def gone() -> bool:
                return name not in await admin.list_topics()

            await eventually(gone, f"{name} deleted")

            async def made() -> bool:
                answer: Any = await admin.create_topics([NewTopic(name, partitions, 1)])
                return all(error[1] == 0 for error in answer.topic_errors)

            await eventually(made, f"{name} made again")
        finally:
            await admin.close()

    async def shorten_log(self, chat: str, *, keep: int, session: str = "S1") -> None:
        """Deletes the oldest events of the partition that holds a chat, as an expired retention does."""
        name = topic_name(self.settings.kafka, EVENTS)
        of_chat = [one for one in await self.read_all() if one.key == f"{session}|{chat}".encode()]
        partition = of_chat[0].partition
        end = (await self.ends())[partition]
        admin = create_admin(self.settings.kafka, client_id="test")
        await admin.start()
        try:
            await admin.delete_records({TopicPartition(name, partition): RecordsToDelete(before_offset=end - keep)})
        finally:
            await admin.close()

    async def commit_ends(self) -> None:
        """Commits the log's end for ingest's consumer group, which must have no member."""
        topic = topic_name(self.settings.kafka, EVENTS)
        ends = {TopicPartition(topic, partition): end for partition, end in (await self.ends()).items()}
        async with AIOKafkaConsumer(
            bootstrap_servers=self.settings.kafka.bootstrap_servers,
            group_id=group_name(self.settings.kafka, INGEST_GROUP),
            enable_auto_commit=False,
        ) as consumer:
            consumer.assign(list(ends))
            await consumer.commit(ends)

    async def until_applied(self) -> None:
        """Until the recorded positions of the live generation have reached the end that the log has now."""
        ends = await self.ends()

        async def applied() -> bool:
            live = {"generation": await live_generation(self.database)}
            positions = {one["partition"]: one["offset"] async for one in self.database[Collection.POSITIONS].find(live)}
            return all(positions.get(partition, -1) >= end - 1 for partition, end in ends.items())

        await eventually(applied, "all events applied\n" + "\n".join(one.log[-3_000:] for one in self.processes))


@pytest.fixture
async def pipeline(
    kafka_server: str, mongod_server: str, topic_prefix: str, mongo_database_name: str, tmp_path: Path
) -> AsyncIterator[Pipeline]:
    """A migrated system in which no service runs yet."""
    settings = StoreSettings(
        kafka=KafkaSettings(bootstrap_servers=kafka_server, topic_prefix=topic_prefix, partitions=PARTITIONS),
        mongo=MongoSettings(url=SecretStr(mongod_server), database=mongo_database_name, driver=DRIVER),
    )
    async with migrated(settings, tmp_path) as one:
        yield one


@asynccontextmanager
async def migrated(settings: StoreSettings, folder: Path) -> AsyncIterator[Pipeline]:
    """The services that were started are killed at the end. `folder` is for their logs."""
    await migrate(settings, plan=False, report=lambda _line: None)
    producer = create_producer(settings.kafka, client_id="test")
    async with open_client(settings.mongo, application="test") as client, producer:
        one = Pipeline(settings, open_database(client, settings.mongo), producer, folder)
        try:
            yield one
        finally:
            for process in one.processes:
                process.end(9)
        assert [secret for process in one.processes for secret in process.secrets_in_log()] == []
