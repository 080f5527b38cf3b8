"""Live commands as one part of the connector: the consumer, the lanes and the executor, from start to stop."""

import asyncio
from random import Random
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError

from waypost_common.crash_points import CrashPoints
from waypost_common.kafka import consumer_options, create_consumer
from waypost_common.mongo import MongoDatabase
from waypost_common.server_errors import why
from waypost_common.topics import connector_group, group_name, live_commands, topic_name
from waypost_common.tracing import Tracing
from waypost_connector.assignment import Assignment
from waypost_connector.backend import Backend
from waypost_connector.backoff import delays
from waypost_connector.live.budget import SendLimit
from waypost_connector.live.budgets import SendBudgets
from waypost_connector.live.executor import Executor
from waypost_connector.live.lanes import Lanes
from waypost_connector.live.ledger import Ledger
from waypost_connector.live.loop import CommandLoop
from waypost_connector.live.metrics import LiveMetrics
from waypost_connector.live.output import Output
from waypost_connector.live.sent_times import StoredSentTimes
from waypost_connector.live.sessions import CallableSessions
from waypost_connector.publisher import Publisher
from waypost_connector.settings import ConnectorSettings

log = structlog.stdlib.get_logger(__name__)

MINUTE_S: Final = 60.0
HOUR_S: Final = 3_600.0
CONSUMER_STOP_SECONDS: Final = 3.0


class LiveCommands:
    def __init__(
        self,
        settings: ConnectorSettings,
        backend: Backend,
        sessions: CallableSessions,
        metrics: LiveMetrics,
        *,
        assignment: Assignment,
        publisher: Publisher,
        producer: AIOKafkaProducer,
        database: MongoDatabase,
        tracing: Tracing,
        crash: CrashPoints,
    ) -> None:
        kafka, sending = settings.kafka, settings.sending
        self._settings = settings
        self._topic = topic_name(kafka, live_commands(backend.name))
        self._group = group_name(kafka, connector_group(backend.name))
        self._metrics = metrics
        output = Output(kafka, publisher, producer)
        limits = (SendLimit(sending.per_minute, MINUTE_S), SendLimit(sending.per_hour, HOUR_S))
        budgets = SendBudgets(limits, StoredSentTimes(database))
        operations = frozenset(backend.operations)
        self._executor = Executor(
            sessions, Ledger(database), output, budgets, metrics, operations=operations, tracing=tracing, crash=crash
        )
        # Half of the session timeout in all, for what is under way and then for the commit.
        deadline_s = kafka.session_timeout_ms / 4_000
        self._loop = CommandLoop(output, metrics, assignment, revoke_deadline_s=deadline_s, crash=crash)
        metrics.backlog.consumers = self._loop.behind
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`. Kafka and MongoDB may be away at any time. Raises ConsumptionStoppedError when it must not go on."""
        async with asyncio.TaskGroup() as tasks:
            lanes = Lanes(self._executor.execute, self._loop.finished, tasks)
            self._loop.lanes = lanes
            self._metrics.queued.set_function(lambda: len(lanes))
            consumer = await self._connect()
            if consumer is not None:
                try:
                    await self._loop.run(consumer)
                finally:
                    await _stop_in_time(consumer)

    async def stop(self, seconds: float) -> None:
        """What was begun may end within so many seconds; everything else is left to the next process."""
        self._stopping.set()
        await self._loop.end(seconds)

    async def _connect(self) -> AIOKafkaConsumer | None:
        """A started consumer, however long that takes; None when asked to stop."""
        waits = delays(Random())
        while not self._stopping.is_set():
            consumer = self._create_consumer()
            try:
                await consumer.start()
            except (KafkaError, OSError) as error:
                await _stop_in_time(consumer)
                log.warning("live_commands_wait", reason=type(error).__name__, topic=self._topic, advice=why(error))
                await self._pause(next(waits))
            else:
                return consumer
        return None

    def _create_consumer(self) -> AIOKafkaConsumer:
        """With a static id, so that a restart within the session timeout moves nothing."""
        kafka, gateway_id = self._settings.kafka, self._settings.connector.gateway_id
        consumer = create_consumer(
            kafka,
            client_id=f"waypost-{gateway_id}",
            group_id=self._group,
            group_instance_id=gateway_id,
            partition_assignment_strategy=(StickyPartitionAssignor,),
            **consumer_options(kafka),
        )
        consumer.subscribe([self._topic], listener=self._loop)
        return consumer

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


async def _stop_in_time(consumer: AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(CONSUMER_STOP_SECONDS):
            await consumer.stop()
    except TimeoutError:
        log.warning("consumer_not_stopped_in_time")
