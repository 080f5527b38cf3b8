"""Documents made by real folds from the events of two sessions, and what purges them."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import SecretStr
from tests.mongo_driver import DRIVER
from tests.properties.stored_view import all_documents

from waypost_common.documents import Collection
from waypost_common.events import Event
from waypost_common.identifiers import Offset
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.settings import MongoSettings
from waypost_projection.logged import Logged
from waypost_projection.storage import ProjectionStorage
from waypost_projection.writer import ProjectionWriter
from waypost_store.metrics import StoreMetrics
from waypost_store.migrations import MIGRATIONS
from waypost_store.purge.purger import Purger
from waypost_store.settings import StoreBlock

Json = dict[str, Any]


@pytest.fixture
async def database(mongod_server: str, mongo_database_name: str) -> AsyncIterator[MongoDatabase]:
    settings = MongoSettings(url=SecretStr(mongod_server), database=mongo_database_name, driver=DRIVER)
    async with open_client(settings, application="test") as client:
        database = open_database(client, settings)
        for migration in MIGRATIONS:
            await migration.apply(database)
        yield database


class Stored:
    """The documents of one generation, and the log that they were folded from: one partition."""

    def __init__(self, database: MongoDatabase, purger: Callable[..., Purger]) -> None:
        self.database = database
        self.log: list[Logged[Event]] = []
        self._purger = purger

    async def take(self, *events: Event) -> None:
        self.log += [Logged(event, 0, Offset(offset)) for offset, event in enumerate(events, len(self.log))]
        await self.redeliver(len(self.log) - len(events))

    async def redeliver(self, start: int = 0) -> None:
        """As a process that has just started: nothing lives in memory alone."""
        await ProjectionWriter(ProjectionStorage(self.database, 1)).apply(self.log[start:])

    async def purge(self, **settings: Any) -> None:
        """As a store that has just started, some time after the last one died."""
        await self.database[Collection.LEASES].delete_many({})
        await self._purger(**settings).round()

    async def documents(self) -> dict[str, dict[str, Json]]:
        return await all_documents(self.database)

    async def count(self) -> dict[str, int]:
        """Of the documents that there are."""
        return {name: len(found) for name, found in (await self.documents()).items() if found}


@pytest.fixture
def purger(database: MongoDatabase) -> Callable[..., Purger]:
    def make(**settings: Any) -> Purger:
        return Purger(StoreBlock(**{"purge_after_s": 0, "purge_batch": 7} | settings), database, StoreMetrics())

    return make


@pytest.fixture
def stored(database: MongoDatabase, purger: Callable[..., Purger]) -> Stored:
    return Stored(database, purger)
