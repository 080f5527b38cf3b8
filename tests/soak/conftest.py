"""A system on servers of its own, and assertions that tell values wherever they stand."""

import pytest

TELLING = ("faults.mixed_load", "faults.whole_system", "soak.comparison", "soak.invariants", "soak.run")
pytest.register_assert_rewrite(*(f"tests.{name}" for name in TELLING))

from tests.faults.conftest import own_kafka, own_mongod  # noqa: E402
from tests.faults.servers import OwnKafka, OwnMongod  # noqa: E402

__all__ = ["own_kafka", "own_mongod"]


@pytest.fixture
def kafka_server(own_kafka: OwnKafka) -> str:
    return own_kafka.address


@pytest.fixture
def topic_prefix() -> str:
    return ""


@pytest.fixture
def mongod_server(own_mongod: OwnMongod) -> str:
    return own_mongod.address


@pytest.fixture
def mongo_database_name() -> str:
    return "waypost"
