"""One migrated database for all properties: making its collections takes longer than most of them."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from pymongo import MongoClient

from tests.properties.projection import Projection


@pytest.fixture(scope="session")
def _projection(mongod_server: str) -> Iterator[Projection]:
    name = f"properties_{uuid4().hex[:10]}"
    one = Projection(mongod_server, name)
    yield one
    one.close()
    with MongoClient[dict[str, object]](mongod_server) as client:
        client.drop_database(name)


@pytest.fixture
def projection(_projection: Projection) -> Projection:
    _projection.clear()
    return _projection
