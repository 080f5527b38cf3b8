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


@dataclass(frozen=True)
class Servers:
    bootstrap_servers: str
    mongo_url: str
    folder: Path

    def new_system(self) -> StoreSettings:
        """Topics and a database set up by the real migration, of default size, under names of their own."""
        name = f"bench_{uuid4().hex[:8]}"
        settings = StoreSettings(
            kafka=KafkaSettings(bootstrap_servers=self.bootstrap_servers, topic_prefix=f"{name}."),
            mongo=MongoSettings(url=SecretStr(self.mongo_url), database=name),
        )
        asyncio.run(migrate(settings, plan=False, report=lambda _line: None))
        return settings


@contextmanager
def run_servers() -> Iterator[Servers]:
    """Data in memory where there is such a folder: the figures are about our work, not about this machine's disk."""
    folder = Path(tempfile.mkdtemp(prefix="waypost-bench-", dir=MEMORY if MEMORY.is_dir() else None))
    kafka_port, mongod_port = free_port(), free_port()
    programs = kafka.find_programs()
    broker = kafka.start(programs, kafka.prepare(programs, folder / "kafka", kafka_port), folder / "kafka.log")
    database = mongod.start(mongod.find_program(), folder / "mongod", mongod_port, folder / "mongod.log")
    try:
        broker.wait_ready(lambda: kafka.missing(f"{LOOPBACK}:{kafka_port}"), kafka.READY_SECONDS)
        database.wait_ready(lambda: mongod.elect(mongod_port), mongod.READY_SECONDS)
        yield Servers(f"{LOOPBACK}:{kafka_port}", mongod.url(mongod_port), folder)
    finally:
        database.stop(mongod.STOP_SECONDS)
        broker.stop(kafka.STOP_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)
