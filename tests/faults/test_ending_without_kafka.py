"""A service that is told to end while it holds what Kafka does not take."""

import asyncio
import random
import signal

import pytest
from tests.faults.history import make_history
from tests.faults.servers import OwnKafka, OwnMongod
from tests.faults.test_store import ask, make_command, until_more_claimed
from tests.plugins.pipeline import Pipeline

pytestmark = pytest.mark.slow

DEADLINE_SECONDS = 20.0
"""Ten for the batch at hand, five for the flush, and a little."""


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


async def test_a_store_told_to_end_while_kafka_is_away_ends_with_0_in_time(
    pipeline: Pipeline, own_kafka: OwnKafka, own_mongod: OwnMongod
) -> None:
    """MongoDB holds it up until Kafka is gone: so it is surely left with something to publish."""
    history = make_history(200)
    about = next(one for one in history.events if one.event == "message")
    chance = random.Random(7)
    _, store = await asyncio.gather(pipeline.start("waypost-ingest"), pipeline.start("waypost-store"))
    await pipeline.publish(history.events, history.headers_of)
    await pipeline.until_applied()
    await ask(pipeline, [make_command(chance, about)], a_second=1_000)
    await until_more_claimed(pipeline, 1)
    async with own_mongod.stopped():
        await ask(pipeline, [make_command(chance, about) for _ in range(20)], a_second=1_000)
        own_kafka.kill()
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await asyncio.to_thread(store.end, signal.SIGTERM) == 0
    assert "Traceback" not in store.log
