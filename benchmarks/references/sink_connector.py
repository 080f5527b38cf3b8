"""The official MongoDB sink connector on the same topic that ingest reads: it stores each event as it is, and nothing else."""

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

from pymongo import MongoClient

from benchmarks.event_log import EventLog
from benchmarks.references.connect_worker import ConnectWorker
from benchmarks.servers import Servers

LOOK_EVERY_SECONDS: Final = 0.05
GIVE_UP_SECONDS: Final = 900.0
STRATEGIES: Final = "com.mongodb.kafka.connect.sink"


class Mode(StrEnum):
    REPLACE = "ReplaceOneDefaultStrategy"
    """By the event's id, made when it is not there: what is idempotent."""
    INSERT = "InsertOneDefaultStrategy"
    """Under a new id each: what is not."""


@dataclass(frozen=True)
class SinkRun:
    events_per_second: float


@dataclass(frozen=True)
class Tuned:
    """The best of the settings that were tried."""

    poll_records: int
    tried: dict[int, float]

    @property
    def note(self) -> str:
        chosen = f"max.poll.records {self.poll_records:,}"
        if len(self.tried) == 1:
            return f"{chosen}, the only size that was tried"
        return f"{chosen} is the best of " + ", ".join(f"{size:,}: {speed:,.0f}/s" for size, speed in self.tried.items())


def tune(servers: Servers, worker: ConnectWorker, log: EventLog, mode: Mode, sizes: tuple[int, ...], share: float) -> Tuned:
    """Also what warms the worker's JVM up."""
    tried = {size: run_sink(servers, worker, log, mode, size, share).events_per_second for size in sizes}
    return Tuned(max(tried, key=lambda size: tried[size]), tried)


def run_sink(
    servers: Servers, worker: ConnectWorker, log: EventLog, mode: Mode, poll_records: int, warm_up_share: float
) -> SinkRun:
    """One run over the whole log into an empty collection. The clock runs from its first part stored to the last document there.

    The last bulk may still be on its way to a majority then: that much is to the connector's advantage.
    """
    name = f"sink_{uuid4().hex[:8]}"
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        collection = client[name]["events"]
        client[name].create_collection("events")
        first: tuple[float, int] | None = None
        with worker.connector(name, _settings(servers, name, log, mode, poll_records)):
            try:
                give_up = time.monotonic() + GIVE_UP_SECONDS
                while time.monotonic() < give_up:
                    stored, now = collection.estimated_document_count(), time.perf_counter()
                    if first is None:
                        worker.require_running(name)
                        if stored >= log.count * warm_up_share:
                            first = now, stored
                    elif stored >= log.count:
                        return SinkRun(_speed(stored - first[1], now - first[0]))
                    time.sleep(LOOK_EVERY_SECONDS)
                worker.require_running(name)
                raise TimeoutError(f"the sink connector stored only {stored} of {log.count} within {GIVE_UP_SECONDS:g} s")
            finally:
                client.drop_database(name)


def _speed(measured: int, seconds: float) -> float:
    if measured <= 0:
        raise RuntimeError("too few events: all were stored before the clock could start")
    return measured / seconds


def _settings(servers: Servers, name: str, log: EventLog, mode: Mode, poll_records: int) -> dict[str, str]:
    ids = {
        Mode.REPLACE: {
            "document.id.strategy": f"{STRATEGIES}.processor.id.strategy.PartialValueStrategy",
            "document.id.strategy.partial.value.projection.list": "id",
            "document.id.strategy.partial.value.projection.type": "AllowList",
        },
        Mode.INSERT: {"document.id.strategy": f"{STRATEGIES}.processor.id.strategy.BsonOidStrategy"},
    }
    return {
        "name": name,
        "connector.class": "com.mongodb.kafka.connect.MongoSinkConnector",
        "tasks.max": "1",
        "topics": log.topic,
        "connection.uri": f"{servers.mongo_url}&w=majority",
        "database": name,
        "collection": "events",
        "writemodel.strategy": f"{STRATEGIES}.writemodel.strategy.{mode}",
        **ids[mode],
        "bulk.write.ordered": "false",
        "max.batch.size": "0",
        "consumer.override.auto.offset.reset": "earliest",
        "consumer.override.max.poll.records": str(poll_records),
    }
