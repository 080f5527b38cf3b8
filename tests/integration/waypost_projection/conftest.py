"""A database of each driver, and the storage of one generation in it."""

from collections.abc import AsyncIterator

import pytest

from waypost_common.mongo import MongoClient, MongoDatabase, open_client, open_database
from waypost_common.settings import MongoSettings
from waypost_projection.storage import ProjectionStorage


@pytest.fixture(params=["motor", "pymongo"])
def mongo_settings(request: pytest.FixtureRequest, mongod_server: str, mongo_database_name: str) -> MongoSettings:
    return MongoSettings(url=mongod_server, database=mongo_database_name, driver=request.param)


@pytest.fixture
async def client(mongo_settings: MongoSettings) -> AsyncIterator[MongoClient]:
    async with open_client(mongo_settings, application="integration") as client:
        yield client


@pytest.fixture
def database(client: MongoClient, mongo_settings: MongoSettings) -> MongoDatabase:
    return open_database(client, mongo_settings)


@pytest.fixture
def storage(database: MongoDatabase) -> ProjectionStorage:
    return ProjectionStorage(database, generation=1)
