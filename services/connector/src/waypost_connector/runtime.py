"""The connector as a whole: a backend, the sessions it serves, Kafka, probes."""

import asyncio
from contextlib import AsyncExitStack, suppress
from functools import partial
from random import Random

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from waypost_common.kafka import create_producer
from waypost_common.listening import listening_at
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.probes import serve_probes
from waypost_common.topics import EVENTS, topic_name
from waypost_connector.assignment import Assignment
from waypost_connector.backend import Backend
from waypost_connector.backoff import delays
from waypost_connector.live.metrics import LiveMetrics
from waypost_connector.live.service import LiveCommands
from waypost_connector.live.sessions import CallableSessions
from waypost_connector.metrics import ConnectorMetrics
from waypost_connector.ownership import DeviceList, Ownership
from waypost_connector.partitions import RememberedPartitions
from waypost_connector.publisher import Publisher
from waypost_connector.session_documents import SessionDocuments
from waypost_connector.session_runner import SessionRunner
from waypost_connector.settings import ConnectorSettings
from waypost_connector.stored_addresses import KeptInMongo, StoredAddresses
from waypost_connector.wishes import Wish

log = structlog.stdlib.get_logger(__name__)

KAFKA_ANSWER_SECONDS = 2.0
PRODUCER_STOP_SECONDS = 3.0


class Connector:
    def __init__(self, settings: ConnectorSettings, backend: Backend, devices: DeviceList) -> None:
        self._settings = settings
        self._backend = backend
        self._devices = devices
        self._ownership: Ownership | None = None
        self._metrics = ConnectorMetrics()
        self._producer: AIOKafkaProducer | None = None
        self._sessions = CallableSessions()
        self._runners: dict[SessionRunner, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Serves until `stop` is set, then brings to Kafka what was taken, for `shutdown_seconds` at most.

        Raises CannotRunError when the probes' port is taken, KafkaError in an ExceptionGroup when Kafka refuses for good.
        """
        async with AsyncExitStack() as stack:
            with listening_at("WAYPOST_METRICS_PORT"):
                probes = serve_probes(self._settings.metrics, self._metrics.registry, self._readiness)
                port = await stack.enter_async_context(probes)
            log.info("connector_started", backend=self._backend.name, probes_port=port)
            producer = await self._connect_kafka(stop)
            if producer is not None:
                client = await stack.enter_async_context(open_client(self._settings.mongo, application="waypost-connector"))
                try:
                    await self._serve(producer, open_database(client, self._settings.mongo), stop)
                finally:
                    await _stop_in_time(producer)
        log.info("connector_stopped")

    async def _connect_kafka(self, stop: asyncio.Event) -> AIOKafkaProducer | None:
        """A started producer, however long that takes; None when asked to stop."""
        kafka, waits = self._settings.kafka, delays(Random())
        while not stop.is_set():
            producer = create_producer(
                kafka, client_id=f"waypost-{self._settings.connector.gateway_id}", partitioner=RememberedPartitions()
            )
            try:
                await producer.start()
            except (KafkaError, OSError):
                await producer.stop()
                log.warning("kafka_unreachable", bootstrap_servers=kafka.bootstrap_servers)
                await _wait(stop, next(waits))
            else:
                self._producer = producer
                return producer
        return None

    async def _serve(self, producer: AIOKafkaProducer, database: MongoDatabase, stop: asyncio.Event) -> None:
        publisher = Publisher(producer, self._metrics, capacity=self._settings.connector.buffer_events)
        assignment = Assignment(session_timeout_s=self._settings.kafka.session_timeout_ms / 1_000)
        commands = LiveCommands(
            self._settings,
            self._backend,
            self._sessions,
            LiveMetrics(self._metrics.registry),
            assignment=assignment,
            publisher=publisher,
            producer=producer,
            database=database,
        )
        documents = SessionDocuments(database, self._backend.name)
        seconds = self._settings.connector.refresh_seconds
        self._ownership = Ownership(
            self._devices, documents, owns=assignment.owns, backend=self._backend.name, refresh_seconds=seconds
        )
        async with asyncio.TaskGroup() as tasks:
            publishing = tasks.create_task(publisher.run(), name="publish")
            following = tasks.create_task(self._follow(self._ownership, publisher, database, tasks), name="follow")
            calling = tasks.create_task(commands.run(), name="live commands")
            await stop.wait()
            following.cancel()
            await self._end_commands(commands, calling)
            await self._end_sessions()
            publishing.cancel()

    async def _end_commands(self, commands: LiveCommands, calling: asyncio.Task[None]) -> None:
        """First of all, while the sessions are still connected."""
        seconds = self._settings.connector.shutdown_seconds / 2
        await commands.stop(seconds)
        await asyncio.wait([calling], timeout=seconds)
        calling.cancel()

    async def _end_sessions(self) -> None:
        for runner in self._runners:
            runner.stop()
        if self._runners:
            _, late = await asyncio.wait(self._runners.values(), timeout=self._settings.connector.shutdown_seconds)
            if late:
                log.warning("sessions_stopped_unflushed", sessions=len(late))
            for session in late:
                session.cancel()

    async def _follow(
        self, ownership: Ownership, publisher: Publisher, database: MongoDatabase, tasks: asyncio.TaskGroup
    ) -> None:
        """Starts and stops sessions as what is wanted of them changes."""
        async for wishes in ownership.wishes():
            wanted = {wish.device.session: wish for wish in wishes}
            for runner in self._runners:
                wish = wanted.pop(runner.device.session, None)
                if wish is None:
                    runner.stop()
                else:
                    runner.want(wish)
            for wish in wanted.values():
                self._start(wish, publisher, database, tasks)

    def _start(self, wish: Wish, publisher: Publisher, database: MongoDatabase, tasks: asyncio.TaskGroup) -> None:
        block = self._settings.connector
        runner = SessionRunner(
            wish.device,
            self._backend,
            publisher,
            self._metrics,
            StoredAddresses(KeptInMongo(database, wish.device.session, wish.device.organization), wish.device.session),
            sessions=self._sessions,
            gateway_id=block.gateway_id,
            disconnected_seconds=block.disconnected_seconds,
            topic_prefix=self._settings.kafka.topic_prefix,
        )
        runner.want(wish)
        task = tasks.create_task(runner.run(), name=f"session {wish.device.session}")
        self._runners[runner] = task
        task.add_done_callback(partial(self._forget, runner))

    def _forget(self, runner: SessionRunner, _task: asyncio.Task[None]) -> None:
        del self._runners[runner]

    async def _readiness(self) -> str | None:
        topic = topic_name(self._settings.kafka, EVENTS)
        try:
            async with asyncio.timeout(KAFKA_ANSWER_SECONDS):
                topics = (await self._producer.client.fetch_all_metadata()).topics() if self._producer else ()
        except (KafkaError, OSError):
            topics = ()
        if not topics:
            return f"kafka at {self._settings.kafka.bootstrap_servers} does not answer"
        if topic not in topics:
            return f"topic {topic} is missing: run waypost migrate"
        return None if self._ownership is None else self._ownership.missing()


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def _stop_in_time(producer: AIOKafkaProducer) -> None:
    """A producer flushes when it stops, for ever while Kafka is away: what it holds then is delivered again later."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PRODUCER_STOP_SECONDS):
            await producer.stop()
