"""Topics, a database, and the services on them: one for each run."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from pymongo import MongoClient
from pymongo.database import Database

from benchmarks.event_log import delete_topics
from benchmarks.servers import Servers
from benchmarks.service import Service, all_running
from waypost_common.api_keys import Permission
from waypost_common.identifiers import OrganizationId
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION
from waypost_local.plan import script
from waypost_local.ports import LOOPBACK, free_port
from waypost_store.keys import create_key
from waypost_store.settings import StoreSettings

ROOT: Final = Path(__file__).parents[1]
CURSOR_SECRET: Final = "of-a-benchmark-and-of-nothing-else"
Document = dict[str, Any]


class System:
    def __init__(self, servers: Servers, settings: StoreSettings, driver: str | None) -> None:
        self.settings = settings
        self.servers = servers
        self.http_port = free_port()
        self._driver = driver
        self._started = 0

    @property
    def environment(self) -> dict[str, str]:
        """What every service of it is given."""
        return {
            "WAYPOST_KAFKA_BOOTSTRAP_SERVERS": self.settings.kafka.bootstrap_servers,
            "WAYPOST_KAFKA_TOPIC_PREFIX": self.settings.kafka.topic_prefix,
            "WAYPOST_MONGO_URL": self.settings.mongo.url.get_secret_value(),
            "WAYPOST_MONGO_DATABASE": self.settings.mongo.database,
            "WAYPOST_HTTP_HOST": LOOPBACK,
            "WAYPOST_HTTP_PORT": str(self.http_port),
            "WAYPOST_CURSOR_SECRET": CURSOR_SECRET,
            **({} if self._driver is None else {"WAYPOST_MONGO_DRIVER": self._driver}),
        }

    def service(self, name: str, *arguments: str, **environment: str) -> Service:
        """A command of ours, not started yet."""
        return self._process(name.removeprefix("waypost-"), (script(name), *arguments), environment)

    def program(self, module: str, *arguments: str) -> Service:
        """A module of the benchmarks, not started yet."""
        return self._process(module.rpartition(".")[2], (sys.executable, "-m", module, *arguments), {"PYTHONPATH": str(ROOT)})

    def _process(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Service:
        self._started += 1
        log = self.servers.folder / "logs" / f"{self.settings.mongo.database}-{name}-{self._started}.log"
        return Service(name, command, {**self.environment, **environment}, free_port(), log)

    @contextmanager
    def running(self, *programs: str) -> Iterator[Sequence[Service]]:
        """All started at once, and all ready."""
        with all_running([self.service(program) for program in programs]) as services:
            yield services

    @contextmanager
    def database(self) -> Iterator[Database[Document]]:
        """For looking at the documents from outside."""
        with MongoClient[Document](self.settings.mongo.url.get_secret_value()) as client:
            yield client[self.settings.mongo.database]

    @asynccontextmanager
    async def async_database(self) -> AsyncIterator[MongoDatabase]:
        async with open_client(self.settings.mongo, application="benchmark") as client:
            yield open_database(client, self.settings.mongo)

    def api_key(self, organization: OrganizationId = DEFAULT_ORGANIZATION) -> str:
        async def make() -> str:
            async with self.async_database() as database:
                permissions = [Permission.READ.value, Permission.SEND.value]
                return (await create_key(database, organization=organization, permissions=permissions))[1]

        return asyncio.run(make())


@contextmanager
def new_system(servers: Servers, *, topic_prefix: str | None = None, driver: str | None = None) -> Iterator[System]:
    """Its database is dropped in the end. `driver`: of MongoDB.

    `topic_prefix`: of topics that are there already, and stay; its own are deleted.
    """
    system = System(servers, servers.new_system(topic_prefix), driver)
    try:
        yield system
    finally:
        with MongoClient[Document](servers.mongo_url) as client:
            client.drop_database(system.settings.mongo.database)
        if topic_prefix is None:
            asyncio.run(delete_topics(system.settings.kafka))
