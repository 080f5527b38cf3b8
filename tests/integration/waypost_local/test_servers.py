"""The servers that every other integration test stands on."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError
from pymongo import MongoClient


@pytest.fixture
async def admin(kafka_server: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka_server)
    await client.start()
    yield client
    await client.close()


@pytest.mark.asyncio
async def test_a_record_of_nine_mebibytes_goes_through_kafka(
    kafka_server: str, topic_prefix: str, admin: AIOKafkaAdminClient
) -> None:
    topic, size = f"{topic_prefix}large", 9 * 1024 * 1024
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"max.message.bytes": str(size + 65_536)})])
    async with AIOKafkaProducer(bootstrap_servers=kafka_server, max_request_size=size + 65_536, acks="all") as producer:
        await producer.send_and_wait(topic, b"x" * size)
    async with AIOKafkaConsumer(topic, bootstrap_servers=kafka_server, auto_offset_reset="earliest") as consumer:
        record = await consumer.getone()
    assert len(record.value) == size


@pytest.mark.asyncio
async def test_a_topic_is_never_created_by_asking_for_it(topic_prefix: str, admin: AIOKafkaAdminClient) -> None:
    (description,) = await admin.describe_topics([f"{topic_prefix}nowhere"])
    assert description["error_code"] == UnknownTopicOrPartitionError.errno
    assert f"{topic_prefix}nowhere" not in await admin.list_topics()


def test_mongod_takes_transactions_as_a_replica_set(mongod_server: str, mongo_database_name: str) -> None:
    with MongoClient[dict[str, Any]](mongod_server) as client, client.start_session() as session:
        with session.start_transaction():
            client[mongo_database_name].notes.insert_one({"_id": 1}, session=session)
        assert client[mongo_database_name].notes.count_documents({}) == 1
