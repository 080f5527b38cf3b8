"""The store service: a FastStream app with two subscribers of our own and a sweeper and a purger beside them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from faststream import FastStream

from waypost_common.asyncapi import describe_service
from waypost_common.backlog import Behind
from waypost_common.broker import create_broker
from waypost_common.commands import StoreCommand
from waypost_common.crash_points import CrashPoints
from waypost_common.events import ChatUpdateEvent, SessionStatusEvent
from waypost_common.kafka import create_producer, started
from waypost_common.live_commands import ChatPushCommand
from waypost_common.mongo import open_client, open_database
from waypost_common.outcomes import Outcome
from waypost_common.probes import serve_probes
from waypost_common.subscriber import LoopSubscriber, subscribe
from waypost_common.topics import (
    COMMANDS_STORE,
    EVENTS,
    OUTCOMES,
    STORE_GROUP,
    STORE_OUTCOMES_GROUP,
    group_name,
    live_commands,
    topic_name,
)
from waypost_common.tracing import traced
from waypost_store.command_handler import CommandHandler
from waypost_store.connections import Connections
from waypost_store.generations import LiveGeneration
from waypost_store.metrics import StoreMetrics
from waypost_store.outcome_handler import OutcomeHandler
from waypost_store.purge.purger import Purger
from waypost_store.readiness import wait_until_set_up
from waypost_store.settings import StoreSettings
from waypost_store.sweeper import Sweeper

log = structlog.stdlib.get_logger(__name__)


async def commands(command: StoreCommand) -> None:
    """Commands that concern only the stored copy. Key: as the event each becomes."""


async def outcomes(outcome: Outcome) -> None:
    """What became of each command, to be written into its operation. Key: the command's id."""


class StoreService:
    """The app with what its lifespan opens. `failure` is why it stopped by itself, if it did."""

    def __init__(self, settings: StoreSettings) -> None:
        self.settings = settings
        self.metrics = StoreMetrics()
        self.failure: Exception | None = None
        self.probe_port: int | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._watchers: list[asyncio.Task[None]] = []
        kafka, self._crash = settings.kafka, CrashPoints(settings.crash.at)
        broker = create_broker(kafka, client_id="waypost-store")
        self._commands = subscribe(
            broker,
            kafka,
            topic=topic_name(kafka, COMMANDS_STORE),
            group=group_name(kafka, STORE_GROUP),
            handler=None,
            describe=commands,
            max_records=settings.store.batch_records,
            crash=self._crash,
        )
        self._outcomes = subscribe(
            broker,
            kafka,
            topic=topic_name(kafka, OUTCOMES),
            group=group_name(kafka, STORE_OUTCOMES_GROUP),
            handler=None,
            describe=outcomes,
            max_records=settings.store.batch_records,
            crash=self._crash,
        )
        self._subscribers = (self._commands, self._outcomes)
        self.metrics.backlog.consumers = self._behind
        self.metrics.ready.set_function(lambda: not self._waiting())
        broker.publisher(
            topic_name(kafka, EVENTS),
            title="Events",
            schema=ChatUpdateEvent | SessionStatusEvent,
            description="The one event that each command becomes. Key: session|chatJid, or session.",
        )
        broker.publisher(
            topic_name(kafka, OUTCOMES),
            title="OutcomesOfTheStore",
            schema=Outcome,
            description="Commands that end here: rejected, expired, unknown. Key: the command's id.",
        )
        for backend in kafka.backend_names:
            broker.publisher(
                topic_name(kafka, live_commands(backend)),
                title=f"PushesTo{backend.title()}",
                schema=ChatPushCommand,
                description="Chat flags that the stored copy has taken on, for WhatsApp itself: best effort. Key: the session.",
            )
        self.app = FastStream(
            broker,
            logger=None,
            lifespan=self._lifespan,
            after_startup=[self._watch],
            specification=describe_service(
                broker,
                package="waypost-store",
                title="Waypost store",
                description="Turns commands about the stored copy into events, and keeps the record of every command.",
            ),
        )

    async def prepare(self) -> None:
        """Waits for servers and migration, before the app takes over the process's signals. Raises StoreError."""
        async with open_client(self.settings.mongo, application="waypost-store") as client:
            await wait_until_set_up(self.settings, client, open_database(client, self.settings.mongo))

    @asynccontextmanager
    async def _lifespan(self, **_options: Any) -> AsyncIterator[None]:
        settings = self.settings
        async with (
            traced(settings.tracing, service="store") as tracing,
            open_client(settings.mongo, application="waypost-store") as client,
        ):
            database = open_database(client, settings.mongo)
            producer = create_producer(settings.kafka, client_id="waypost-store")
            connections = Connections(database, producer)
            generation = LiveGeneration(database)
            self._commands.loop.handler = CommandHandler(
                settings, connections, generation, self.metrics, crash=self._crash, tracing=tracing
            )
            self._outcomes.loop.handler = OutcomeHandler(settings, connections, generation, self.metrics, tracing)
            sweeper = Sweeper(settings, connections, self.metrics)
            purger = Purger(settings.store, database, self.metrics)
            async with (
                started(producer),
                serve_probes(settings.metrics, self.metrics.registry, self._readiness) as self.probe_port,
                asyncio.TaskGroup() as tasks,
            ):
                self._tasks = tasks
                background = [
                    tasks.create_task(sweeper.run(), name="sweeper"),
                    tasks.create_task(purger.run(), name="purger"),
                ]
                log.info("started", probes=f"{settings.metrics.host}:{self.probe_port}")
                try:
                    yield
                finally:
                    for task in (*background, *self._watchers):
                        task.cancel()

    async def _watch(self) -> None:
        """Called once the subscribers run: the first that must not go on ends the service."""
        if self._tasks is not None:
            self._watchers = [
                self._tasks.create_task(self._end_with(subscriber), name=f"watch-{subscriber.group_id}")
                for subscriber in self._subscribers
            ]

    async def _end_with(self, subscriber: LoopSubscriber) -> None:
        if subscriber.failure is None:
            return
        try:
            await subscriber.failure
        except Exception as error:  # noqa: BLE001  (reported by main, whatever it is)
            self.failure = self.failure or error
            self.app.exit()

    def _behind(self) -> Iterator[Behind]:
        for subscriber in self._subscribers:
            yield from subscriber.loop.behind()

    async def _readiness(self) -> str | None:
        waiting = self._waiting()
        return f"no partitions yet in {', '.join(waiting)}" if waiting else None

    def _waiting(self) -> list[str]:
        """The groups that have given this process no partitions yet."""
        return [str(subscriber.group_id) for subscriber in self._subscribers if not subscriber.loop.ready]


def create_service(settings: StoreSettings) -> StoreService:
    return StoreService(settings)


def create_app(settings: StoreSettings) -> FastStream:
    """The app alone, for its AsyncAPI document."""
    return create_service(settings).app
