"""Lets an empty `wa.events` begin where the documents end: when Kafka is lost for good, without a copy (docs/operations.md).

Once, with every service stopped, after `waypost migrate` has made the topics on the new Kafka, in the services' environment:

    python docs/advance_log.py

It fills each partition with empty records up to the recorded position, then deletes them: the next event gets the next offset.
May be interrupted and repeated. Refuses a log that somebody else has written to.
"""

import asyncio
import sys
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from waypost_common.environment import load_settings
from waypost_common.kafka import create_admin, create_producer, started
from waypost_common.mongo import open_client, open_database
from waypost_common.topics import EVENTS, topic_name
from waypost_store.generations import live_generation
from waypost_store.positions import positions_of
from waypost_store.settings import StoreSettings


async def main(settings: StoreSettings) -> None:
    topic = topic_name(settings.kafka, EVENTS)
    async with open_client(settings.mongo, application="waypost-advance-log") as client:
        database = open_database(client, settings.mongo)
        positions = await positions_of(database, await live_generation(database) or 1)
    wanted = {TopicPartition(topic, one): position["offset"] + 1 for one, position in positions.items()}
    async with AIOKafkaConsumer(bootstrap_servers=settings.kafka.bootstrap_servers, auto_offset_reset="earliest") as consumer:
        starts, ends = await consumer.beginning_offsets(wanted), await consumer.end_offsets(wanted)
        if beyond := sorted(one.partition for one, end in ends.items() if end > wanted[one]):
            sys.exit(f"partitions {beyond} hold more than the documents have seen: this log was not just made")
        await refuse_events(consumer, {one: end for one, end in ends.items() if end > starts[one]})
    producer = create_producer(settings.kafka, client_id="waypost-advance-log")
    async with started(producer):
        for partition, end in wanted.items():
            await fill(producer, partition, end - ends[partition])
    await drop(settings, {partition: end for partition, end in wanted.items() if end})


async def refuse_events(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> None:
    """Whatever has a key was not written here. The last record of a partition tells: nothing is added behind an event."""
    consumer.assign(list(ends))
    for partition, end in ends.items():
        consumer.seek(partition, end - 1)
    unseen = set(ends)
    while unseen:
        for partition, records in (await consumer.getmany(timeout_ms=1_000)).items():
            if any(record.key is not None for record in records):
                sys.exit("the log holds events: make the topic again, and keep connectors and the store stopped meanwhile")
            unseen.discard(partition)


async def fill(producer: AIOKafkaProducer, partition: TopicPartition, count: int) -> None:
    left = count
    while left:
        batch = producer.create_batch()
        while left and batch.append(key=None, value=b"", timestamp=None) is not None:
            left -= 1
        await (await producer.send_batch(batch, partition.topic, partition=partition.partition))
    if count:
        sys.stdout.write(f"partition {partition.partition}: {count} offsets passed\n")


async def drop(settings: StoreSettings, before: Mapping[TopicPartition, int]) -> None:
    """Deletes the empty records: what is left in the log would be folded by a rebuild."""
    admin = create_admin(settings.kafka, client_id="waypost-advance-log")
    await admin.start()
    try:
        await admin.delete_records({one: RecordsToDelete(before_offset=offset) for one, offset in before.items()})
    finally:
        await admin.close()


if __name__ == "__main__":
    asyncio.run(main(load_settings(StoreSettings, "advance_log.py")))
