"""What Kafka and MongoDB alone take, on this machine at this moment, for what one change of a chat asks of them."""

import statistics
import time
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewTopic
from tests.pacing import pause
from tests.plugins.pipeline import Pipeline

from waypost_common.kafka import create_admin
from waypost_common.topics import topic_name

RECORDS: Final = 3
"""The command, the event and the outcome: each acknowledged, and read by the next program."""
WRITES: Final = 3
"""The operation, the documents, the outcome: each acknowledged by a majority (`writeConcern` of the connection)."""
WARM_UP: Final = 10
SAMPLES: Final = 30


async def parts_alone_ms(pipeline: Pipeline, *, idle_seconds: float) -> float:
    """The median of so many rounds, one thing after the other, by the same producer and driver as the services use."""
    topic = topic_name(pipeline.settings.kafka, "parts.alone")
    admin = create_admin(pipeline.settings.kafka, client_id="test")
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()
    documents = pipeline.database["parts_alone"]
    await documents.insert_one({"_id": 1})
    consumer = AIOKafkaConsumer(bootstrap_servers=pipeline.settings.kafka.bootstrap_servers, enable_auto_commit=False)
    taken = []
    async with consumer:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_end()
        for number in range(WARM_UP + SAMPLES):
            started = time.perf_counter()
            for _ in range(RECORDS):
                await pipeline.producer.send_and_wait(topic, b"{}", partition=0)
                await consumer.getone()
            for _ in range(WRITES):
                await documents.update_one({"_id": 1}, {"$inc": {"number": 1}})
            if number >= WARM_UP:
                taken.append((time.perf_counter() - started) * 1_000)
            await pause(idle_seconds)
    return statistics.median(taken)
