"""The connector as a whole: a backend, the sessions it serves, Kafka, MongoDB, probes."""

import asyncio
import signal
from contextlib import AsyncExitStack, suppress

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError
from ulid import ULID

from waypost_common.clock import check_clock
from waypost_common.crash_points import CrashPoints
from waypost_common.device_keys import Keyring
from waypost_common.errors import CannotRunError
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.kafka import create_producer
from waypost_common.listening import listening_at
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.probes import serve_probes
from waypost_common.topics import EVENTS, live_commands, topic_name
from waypost_common.tracing import Tracing, traced
from waypost_connector.addresses import ChatAddresses
from waypost_connector.assignment import Assignment
from waypost_connector.backend import Backend
from waypost_connector.device_store import StoredDevices
from waypost_connector.fences import Fences
from waypost_connector.live.metrics import LiveMetrics
from waypost_connector.live.service import LiveCommands
from waypost_connector.live.sessions import CallableSessions
from waypost_connector.metrics import ConnectorMetrics
from waypost_connector.owned_session import Surroundings
from waypost_connector.ownership import Ownership
from waypost_connector.partitions import RememberedPartitions
from waypost_connector.producers import RenewedProducers
from waypost_connector.publisher import Capacity, Publisher
from waypost_connector.runners import Runners
from waypost_connector.session_documents import SessionDocuments
from waypost_connector.settings import ConnectorSettings
from waypost_connector.slot import GatewaySlot
from waypost_connector.stored_addresses import KeptInMongo, StoredAddresses
from waypost_connector.stored_fences import StoredFences

log = structlog.stdlib.get_logger(__name__)

KAFKA_ANSWER_SECONDS = 2.0
RELEASE_SECONDS = 2.0
END_SECONDS = 10


class Connector:
    def __init__(self, settings: ConnectorSettings, backend: Backend, keyring: Keyring) -> None:
        self._settings = settings
        self._backend = backend
        self._keyring = keyring
        self._holder = ULID()
        """Names this process to the others."""
        self._metrics = ConnectorMetrics()
        self._ownership: Ownership | None = None
        self._producers: RenewedProducers | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Serves until `stop` is set, then brings to Kafka what was taken, for `shutdown_seconds` at most.

        Raises, alone or in an ExceptionGroup, CannotRunError when the probes' port or the gateway id is taken, or the clock is
        far from MongoDB's, KafkaError and PyMongoError when Kafka or MongoDB refuses for good.
        """
        async with AsyncExitStack() as stack:
            with listening_at("WAYPOST_METRICS_PORT"):
                probes = serve_probes(self._settings.metrics, self._metrics.registry, self._readiness)
                port = await stack.enter_async_context(probes)
            log.info("connector_started", backend=self._backend.name, probes_port=port)
            tracing = await stack.enter_async_context(traced(self._settings.tracing, service="connector"))
            client = await stack.enter_async_context(open_client(self._settings.mongo, application="waypost-connector"))
            database = open_database(client, self._settings.mongo)
            gateway_id = self._settings.connector.gateway_id
            slot = GatewaySlot(database, backend=self._backend.name, gateway_id=gateway_id, holder=self._holder)
            if await stack.enter_async_context(slot.taken(stop)):
                await check_clock(client)
                async with asyncio.TaskGroup() as tasks:
                    holding = tasks.create_task(_hold(slot), name="hold the gateway id")
                    await self._connect(database, tracing, stop)
                    holding.cancel()
        log.info("connector_stopped")

    async def _connect(self, database: MongoDatabase, tracing: Tracing, stop: asyncio.Event) -> None:
        """Waits for Kafka, unless asked to stop, and serves."""
        producers, letters = RenewedProducers(self._create_producer), RenewedProducers(self._create_producer)
        self._producers = producers
        block = self._settings.connector
        publisher = Publisher(producers, self._metrics, capacity=Capacity(block.buffer_events, block.buffer_bytes))

        async def start() -> None:
            await producers.start(publisher.writing_is_allowed)
            await letters.start()

        try:
            async with asyncio.TaskGroup() as tasks:
                starting = tasks.create_task(start(), name="connect to Kafka")
                stopping = tasks.create_task(stop.wait(), name="wait for the stop")
                await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
                starting.cancel()
                stopping.cancel()
            if not stop.is_set():
                await self._serve(publisher, letters.current, database, tracing, stop)
        finally:
            await asyncio.gather(producers.stop(), letters.stop())

    async def _serve(
        self,
        publisher: Publisher,
        letters: AIOKafkaProducer,
        database: MongoDatabase,
        tracing: Tracing,
        stop: asyncio.Event,
    ) -> None:
        crash = CrashPoints(self._settings.crash.at)
        assignment = Assignment(session_timeout_s=self._settings.kafka.session_timeout_ms / 1_000)
        sessions = CallableSessions()
        fences = Fences(StoredFences(database, backend=self._backend.name, holder=self._holder))
        stored = StoredDevices(database, self._keyring, backend=self._backend.name)
        commands = LiveCommands(
            self._settings,
            self._backend,
            sessions,
            LiveMetrics(self._metrics),
            assignment=assignment,
            publisher=publisher,
            producer=letters,
            database=database,
            tracing=tracing,
            crash=crash,
        )
        self._ownership = ownership = Ownership(
            self._backend,
            stored,
            SessionDocuments(database, self._backend.name),
            owns=assignment.owns,
            name=self._backend.name,
            is_default=self._backend.name == self._settings.kafka.default_backend,
            refresh_seconds=self._settings.connector.refresh_seconds,
        )

        def addresses(session: SessionId, organization: OrganizationId) -> ChatAddresses:
            return StoredAddresses(KeptInMongo(database, session, organization), session)

        surroundings = Surroundings(
            backend=self._backend,
            publisher=publisher,
            metrics=self._metrics,
            sessions=sessions,
            fences=fences,
            stores=stored.store,
            addresses=addresses,
            logins=asyncio.Semaphore(self._settings.connector.logins_at_once),
            gateway_id=self._settings.connector.gateway_id,
            disconnected_seconds=self._settings.connector.disconnected_seconds,
            topic_prefix=self._settings.kafka.topic_prefix,
            crash=crash,
        )
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(fences.run(), name="look at the fences")
            publishing = tasks.create_task(publisher.run(), name="publish")
            runners = Runners(surroundings, assignment, tasks)
            following = tasks.create_task(_follow(ownership, runners), name="follow what is wanted")
            calling = tasks.create_task(commands.run(), name="live commands")
            try:
                await stop.wait()
            except asyncio.CancelledError:
                runners.stop()  # being cancelled may escape one of them: see `SessionRunner`
                raise
            following.cancel()
            await self._end_commands(commands, calling)
            await runners.end(self._settings.connector.shutdown_seconds)
            publishing.cancel()
            looking.cancel()
        await _release(fences)

    async def _end_commands(self, commands: LiveCommands, calling: asyncio.Task[None]) -> None:
        """First of all, while the sessions are still connected."""
        seconds = self._settings.connector.shutdown_seconds / 2
        await commands.stop(seconds)
        await asyncio.wait([calling], timeout=seconds)
        calling.cancel()

    def _create_producer(self) -> AIOKafkaProducer:
        return create_producer(
            self._settings.kafka,
            client_id=f"waypost-{self._settings.connector.gateway_id}",
            partitioner=RememberedPartitions(),
        )

    async def _readiness(self) -> str | None:
        needed = [topic_name(self._settings.kafka, topic) for topic in (EVENTS, live_commands(self._backend.name))]
        try:
            async with asyncio.timeout(KAFKA_ANSWER_SECONDS):
                topics = () if self._producers is None else await self._producers.topics()
        except (KafkaError, OSError):
            topics = ()
        if not topics:
            return f"kafka at {self._settings.kafka.bootstrap_servers} does not answer"
        if missing := [topic for topic in needed if topic not in topics]:
            return f"topic {missing[0]} is missing: run waypost migrate, with {self._backend.name} in WAYPOST_KAFKA_BACKENDS"
        return None if self._ownership is None else self._ownership.missing()


async def _hold(slot: GatewaySlot) -> None:
    try:
        await slot.hold()
    except CannotRunError:
        # Another process has taken over: whatever still hangs by then, this one ends.
        signal.alarm(END_SECONDS)
        raise


async def _follow(ownership: Ownership, runners: Runners) -> None:
    async for wishes in ownership.wishes():
        runners.follow(wishes)


async def _release(fences: Fences) -> None:
    """Whoever takes the sessions next need not wait then."""
    with suppress(PyMongoError, TimeoutError):
        async with asyncio.timeout(RELEASE_SECONDS):
            await fences.flush()
