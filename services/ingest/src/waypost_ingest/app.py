"""The ingest service as a list of what it consists of."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI

from waypost_common.asyncapi import describe_service
from waypost_common.broker import create_broker
from waypost_common.clock import check_clock
from waypost_common.consumption import ConsumptionStoppedError
from waypost_common.crash_points import CrashPoints
from waypost_common.documents import Collection
from waypost_common.events import Event
from waypost_common.kafka import create_producer, started
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.outcomes import Outcome
from waypost_common.probes import serve_probes
from waypost_common.running import running
from waypost_common.subscriber import LoopSubscriber, subscribe
from waypost_common.topics import EVENTS, EVENTS_DLQ, INGEST_GROUP, OUTCOMES, group_name, topic_name
from waypost_ingest.handler import IngestHandler
from waypost_ingest.metrics import IngestMetrics
from waypost_ingest.positions import Positions
from waypost_ingest.settings import IngestSettings
from waypost_projection.storage import ProjectionStorage
from waypost_projection.writer import ProjectionWriter

FIRST_GENERATION = 1


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
async def lifespan(app: IngestApp) -> AsyncIterator[None]:
    """Everything opened, the loop running; on the way out the batch at hand is finished first."""
    settings = app.settings
    async with (
        open_client(settings.mongo, application="waypost-ingest") as client,
        serve_probes(settings.metrics, app.metrics.registry, lambda: _missing(app)),
    ):
        producer = create_producer(settings.kafka, client_id="waypost-ingest")
        async with started(producer):
            await check_clock(client)
            database = open_database(client, settings.mongo)
            generation = await _live_generation(database)
            app.subscriber.loop.handler = IngestHandler(
                settings=settings,
                writer=ProjectionWriter(ProjectionStorage(database, generation, crash=app.crash), crash=app.crash),
                positions=Positions(database, generation),
                producer=producer,
                outcomes_topic=topic_name(settings.kafka, OUTCOMES),
                dead_letters_topic=topic_name(settings.kafka, EVENTS_DLQ),
                generation=generation,
                metrics=app.metrics,
                crash=app.crash,
            )
            async with running(app.broker):
                yield


async def _live_generation(database: MongoDatabase) -> int:
    pointer = await database[Collection.GENERATIONS].find_one({"_id": "live"})
    if pointer is None:
        raise ConsumptionStoppedError("no generation is recorded: run `waypost migrate`, then start again")
    return int(pointer["generation"])


async def _missing(app: IngestApp) -> str | None:
    return None if app.subscriber.loop.ready else "no partitions assigned yet"
