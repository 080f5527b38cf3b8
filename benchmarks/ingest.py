"""How many events a second one ingest process applies while it is behind."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from pymongo import MongoClient

from benchmarks.servers import Servers
from waypost_common.documents import Collection
from waypost_common.events import Event, encode_event, key_of
from waypost_common.kafka import create_producer
from waypost_common.topics import EVENTS, topic_name
from waypost_local.ports import free_port
from waypost_store.settings import StoreSettings

PROGRAM = Path(sys.executable).parent / "waypost-ingest"
LOOK_EVERY_SECONDS = 0.05
WARM_UP_SHARE = 0.1
GIVE_UP_SECONDS = 300.0


@dataclass(frozen=True)
class IngestRun:
    events_per_second: float
    cpu_ms_per_event: float
    resident_mebibytes: float


def measure_ingest(servers: Servers, events: Sequence[Event]) -> IngestRun:
    """Publishes all events, then starts ingest; the clock runs from the first tenth applied to the last position saved.

    Positions are saved after a majority has acknowledged the documents, so the clock covers all of an event's work.
    """
    system = servers.new_system()
    asyncio.run(_publish(system, events))
    environment = {
        "WAYPOST_KAFKA_BOOTSTRAP_SERVERS": system.kafka.bootstrap_servers,
        "WAYPOST_KAFKA_TOPIC_PREFIX": system.kafka.topic_prefix,
        "WAYPOST_MONGO_URL": system.mongo.url.get_secret_value(),
        "WAYPOST_MONGO_DATABASE": system.mongo.database,
        "WAYPOST_METRICS_PORT": str(free_port()),
    }
    log = servers.folder / "ingest.log"
    with MongoClient[dict[str, Any]](system.mongo.url.get_secret_value()) as client, log.open("wb") as output:
        ingest = subprocess.Popen([PROGRAM], env=os.environ | environment, stdout=output, stderr=output)
        try:
            return _watch(client, system.mongo.database, ingest, len(events))
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{log.read_text()[-4_000:]}") from None
        finally:
            ingest.send_signal(signal.SIGTERM)
            ingest.wait(30)
            client.drop_database(system.mongo.database)


async def _publish(system: StoreSettings, events: Sequence[Event]) -> None:
    topic = topic_name(system.kafka, EVENTS)
    producer: AIOKafkaProducer = create_producer(system.kafka, client_id="benchmark")
    async with producer:
        sends = [await producer.send(topic, encode_event(event), key=key_of(event).encode()) for event in events]
        await asyncio.gather(*sends)


def _watch(client: MongoClient[dict[str, Any]], database: str, ingest: subprocess.Popen[bytes], count: int) -> IngestRun:
    positions = client[database][Collection.POSITIONS]
    give_up = time.monotonic() + GIVE_UP_SECONDS
    first: tuple[float, int, float] | None = None
    while time.monotonic() < give_up:
        if ingest.poll() is not None:
            raise RuntimeError(f"ingest ended with {ingest.returncode}")
        applied = sum(one["offset"] + 1 for one in positions.find({}, {"offset": 1}))
        now, cpu = time.perf_counter(), _cpu_seconds(ingest.pid)
        if first is None and applied >= count * WARM_UP_SHARE:
            first = now, applied, cpu
        if first is not None and applied >= count:
            measured = applied - first[1]
            if measured == 0:
                raise RuntimeError("too few events: all were applied before the clock could start")
            return IngestRun(
                events_per_second=measured / (now - first[0]),
                cpu_ms_per_event=(cpu - first[2]) * 1_000 / measured,
                resident_mebibytes=_resident_mebibytes(ingest.pid),
            )
        time.sleep(LOOK_EVERY_SECONDS)
    raise RuntimeError(f"not all events were applied within {GIVE_UP_SECONDS} s")


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mebibytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
