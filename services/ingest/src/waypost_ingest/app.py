"""The ingest service as a list of what it consists of."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI

from waypost_common.asyncapi import describe_service
from waypost_common.broker import create_broker
from waypost_common.clock import check_clock
from waypost_common.crash_points import CrashPoints
from waypost_common.events import Event
from waypost_common.kafka import create_producer, started
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.outcomes import Outcome
from waypost_common.probes import serve_probes
from waypost_common.running import running
from waypost_common.subscriber import LoopSubscriber, subscribe
from waypost_common.topics import EVENTS, EVENTS_DLQ, INGEST_GROUP, OUTCOMES, group_name, topic_name
from waypost_common.tracing import NO_TRACING, Tracing, traced
from waypost_ingest.generations import GenerationFollower
from waypost_ingest.handler import IngestHandler
from waypost_ingest.metrics import IngestMetrics
from waypost_ingest.positions import Positions
from waypost_ingest.settings import IngestSettings
from waypost_ingest.standing import Standing
from waypost_projection.storage import ProjectionStorage
from waypost_projection.writer import ProjectionWriter


@dataclass(frozen=True)
class IngestApp:
    settings: IngestSettings
    broker: KafkaBroker
    subscriber: LoopSubscriber
    metrics: IngestMetrics
    crash: CrashPoints

    def asyncapi(self) -> AsyncAPI:
        return describe_service(
            self.broker,
            package="waypost-ingest",
            title="Waypost ingest",
            description="Folds the events of WhatsApp sessions into documents, and tells what became of commands.",
        )


def create_app(settings: IngestSettings) -> IngestApp:
    kafka, crash = settings.kafka, CrashPoints(settings.crash.at)
    broker = create_broker(kafka, client_id="waypost-ingest")
    subscriber = subscribe(
        broker,
        kafka,
        topic=topic_name(kafka, EVENTS),
        group=group_name(kafka, INGEST_GROUP),
        handler=None,
        describe=apply_event,
        max_records=settings.batch.max_records,
        crash=crash,
    )
    broker.publisher(
        topic_name(kafka, OUTCOMES), title="Outcome", schema=Outcome, description="What became of a command, once it can be read."
    )
    broker.publisher(
        topic_name(kafka, EVENTS_DLQ),
        title="DeadEvent",
        schema=bytes,
        description="An event that can never be applied, byte for byte; headers `dlq-reason`, `dlq-detail`, `dlq-origin-*`.",
    )
    return IngestApp(settings, broker, subscriber, IngestMetrics(), crash)


async def apply_event(event: Event) -> None:
    """Every event of every session, keyed by chat: folded into the documents of its chat, group, channel, contact or session."""
    raise NotImplementedError("describes the messages in AsyncAPI; IngestHandler takes them in batches")


@asynccontextmanager
async def lifespan(app: IngestApp) -> AsyncIterator[GenerationFollower]:
    """Everything opened, the loop running; on the way out the batch at hand is finished first.

    What is given has `failure`: the service must not go on after that.
    """
    settings = app.settings
    async with (
        traced(settings.tracing, service="ingest") as tracing,
        open_client(settings.mongo, application="waypost-ingest") as client,
    ):
        producer = create_producer(settings.kafka, client_id="waypost-ingest")
        follower = _follower(app, open_database(client, settings.mongo), producer, tracing)
        app.metrics.backlog.consumers = follower.behind
        async with (
            serve_probes(settings.metrics, app.metrics.registry, lambda: _missing(follower)),
            started(producer),
        ):
            await check_clock(client)
            generation = await follower.begin(app.subscriber)
            app.subscriber.read_as(group_name(settings.kafka, INGEST_GROUP, generation))
            async with running(app.broker), follower.running():
                yield follower


def _follower(
    app: IngestApp, database: MongoDatabase, producer: AIOKafkaProducer, tracing: Tracing = NO_TRACING
) -> GenerationFollower:
    settings = app.settings
    kafka = settings.kafka

    def make_subscriber(generation: int) -> LoopSubscriber:
        return subscribe(
            app.broker,
            kafka,
            topic=topic_name(kafka, EVENTS),
            group=group_name(kafka, INGEST_GROUP, generation),
            handler=None,
            describe=apply_event,
            max_records=settings.batch.max_records,
            crash=app.crash,
            # One that cannot go on is made anew every few seconds: the broker must not keep them all.
            persistent=False,
        )

    def make_handler(generation: int, writer: ProjectionWriter, standing: Standing) -> IngestHandler:
        return IngestHandler(
            settings=settings,
            writer=writer,
            positions=Positions(database, generation),
            producer=producer,
            outcomes_topic=topic_name(kafka, OUTCOMES),
            dead_letters_topic=topic_name(kafka, EVENTS_DLQ),
            generation=generation,
            metrics=app.metrics,
            tracing=tracing,
            crash=app.crash,
            standing=standing,
        )

    return GenerationFollower(
        database,
        make_storage=lambda generation: ProjectionStorage(database, generation, crash=app.crash),
        make_writer=lambda storage, owners: ProjectionWriter(storage, owners=owners, crash=app.crash),
        make_subscriber=make_subscriber,
        make_handler=make_handler,
    )


async def _missing(follower: GenerationFollower) -> str | None:
    return None if follower.ready else "no partitions assigned yet"
