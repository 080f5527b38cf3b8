"""One Kafka and one mongod a test run, real, on free ports; or the running ones named in the environment.

WAYPOST_TEST_KAFKA (host:port) and WAYPOST_TEST_MONGO (a URL) name servers to use instead.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from pymongo import MongoClient

from waypost_local import kafka, mongod
from waypost_local.ports import LOOPBACK, free_port

MEMORY = Path("/dev/shm")
MEMORY_NEEDED_BYTES = 4 * 1024**3
FOLDER_PREFIX = "waypost-test-"


@pytest.fixture(scope="session")
def kafka_server(servers_folder: Path) -> Iterator[str]:
    """The bootstrap address of a Kafka that has the run for itself."""
    if running := os.environ.get("WAYPOST_TEST_KAFKA"):
        yield running
        return
    port = free_port()
    programs = kafka.find_programs()
    settings = kafka.prepare(programs, servers_folder / "kafka", port)
    with settings.open("a") as file:
        # Else a group waits at least 6 s for a consumer that was killed.
        file.write("group.min.session.timeout.ms=1000\n")
    server = kafka.start(programs, settings, servers_folder / "logs" / "kafka.log")
    try:
        server.wait_ready(lambda: kafka.missing(f"{LOOPBACK}:{port}"), kafka.READY_SECONDS)
        yield f"{LOOPBACK}:{port}"
    finally:
        server.stop(kafka.STOP_SECONDS)


@pytest.fixture(scope="session")
def mongod_server(servers_folder: Path) -> Iterator[str]:
    """The URL of a one-node replica set that has the run for itself."""
    if running := os.environ.get("WAYPOST_TEST_MONGO"):
        yield running
        return
    port = free_port()
    server = mongod.start(mongod.find_program(), servers_folder / "mongod", port, servers_folder / "logs" / "mongod.log")
    try:
        server.wait_ready(lambda: mongod.elect(port), mongod.READY_SECONDS)
        yield mongod.url(port)
    finally:
        server.stop(mongod.STOP_SECONDS)


@pytest.fixture
def topic_prefix(kafka_server: str) -> Iterator[str]:
    """A prefix for the names of one test's topics (WAYPOST_KAFKA_TOPIC_PREFIX), which are deleted after it."""
    prefix = f"t{uuid4().hex[:10]}."
    yield prefix
    # In a thread of its own: this one may have an event loop that asyncio.run would unset.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _delete_topics(kafka_server, prefix)).result()


async def _delete_topics(bootstrap_servers: str, prefix: str) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await client.start()
    try:
        if topics := [name for name in await client.list_topics() if name.startswith(prefix)]:
            await client.delete_topics(topics)
    finally:
        await client.close()


@pytest.fixture
def mongo_database_name(mongod_server: str, _mongo_client: "MongoClient[dict[str, Any]]") -> Iterator[str]:
    """The name of one test's database (WAYPOST_MONGO_DATABASE), which is dropped after it."""
    name = f"test_{uuid4().hex[:10]}"
    yield name
    _mongo_client.drop_database(name)


@pytest.fixture(scope="session")
def _mongo_client(mongod_server: str) -> Iterator["MongoClient[dict[str, Any]]"]:
    with MongoClient[dict[str, Any]](mongod_server) as client:
        yield client


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """Where the servers keep data and logs during the run: in memory where there is room."""
    base = MEMORY if _has_room(MEMORY) else Path(tempfile.gettempdir())
    _remove_left_over(base)
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-", dir=base))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    return folder.is_dir() and shutil.disk_usage(folder).free >= MEMORY_NEEDED_BYTES


def _remove_left_over(base: Path) -> None:
    """Folders of runs that were killed: their servers died with them, their data did not."""
    for folder in base.glob(f"{FOLDER_PREFIX}*-*"):
        owner = folder.name.removeprefix(FOLDER_PREFIX).split("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)
