"""A Kafka and a mongod that a benchmark has for itself, and systems in them that no run shares with another."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pydantic import SecretStr

from waypost_common.settings import KafkaSettings, MongoSettings
from waypost_local import kafka, mongod
from waypost_local.ports import LOOPBACK, free_port
from waypost_store.settings import StoreSettings
from waypost_store.setup.migrate import migrate

MEMORY = Path("/dev/shm")
MEMORY_NEEDED_BYTES = 8 * 1024**3
READY_SECONDS = 300.0
MONGOD_CACHE_GIGABYTES = 1.0
"""Twice what a local system gives it: a million chats and a million messages are to be paged through."""


@dataclass(frozen=True)
class Servers:
    bootstrap_servers: str
    mongo_url: str
    folder: Path
    kafka_pid: int
    mongod_pid: int

    def new_system(self, topic_prefix: str | None = None) -> StoreSettings:
        """Topics and a database set up by the real migration, of default size, under names of their own.

        With a `topic_prefix` the topics are those of an earlier one, whose events the new database has not seen.
        """
        name = f"bench_{uuid4().hex[:8]}"
        settings = StoreSettings(
            kafka=KafkaSettings(bootstrap_servers=self.bootstrap_servers, topic_prefix=topic_prefix or f"{name}."),
            mongo=MongoSettings(url=SecretStr(self.mongo_url), database=name),
        )
        asyncio.run(migrate(settings, plan=False, report=lambda _line: None))
        return settings


@contextmanager
def run_servers() -> Iterator[Servers]:
    """Data in memory where there is room: the figures are about our work, not about this machine's disk."""
    folder = Path(tempfile.mkdtemp(prefix="waypost-bench-", dir=MEMORY if _has_room(MEMORY) else None))
    kafka_port, mongod_port = free_port(), free_port()
    programs = kafka.find_programs()
    broker = kafka.start(programs, kafka.prepare(programs, folder / "kafka", kafka_port), folder / "kafka.log")
    database = mongod.start(
        mongod.find_program(), folder / "mongod", mongod_port, folder / "mongod.log", cache_gigabytes=MONGOD_CACHE_GIGABYTES
    )
    try:
        broker.wait_ready(lambda: kafka.missing(f"{LOOPBACK}:{kafka_port}"), READY_SECONDS)
        database.wait_ready(lambda: mongod.elect(mongod_port), READY_SECONDS)
        yield Servers(f"{LOOPBACK}:{kafka_port}", mongod.url(mongod_port), folder, broker.pid, database.pid)
    finally:
        database.stop(mongod.STOP_SECONDS)
        broker.stop(kafka.STOP_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    return folder.is_dir() and shutil.disk_usage(folder).free >= MEMORY_NEEDED_BYTES
