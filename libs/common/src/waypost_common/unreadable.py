"""Reading past a record that aiokafka cannot parse: one whose header's name is not UTF-8, which other clients can write.

aiokafka raises for it at each poll, so that everything behind it would wait forever (rule R5).
"""

from collections.abc import Mapping

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

log = structlog.stdlib.get_logger(__name__)

Record = ConsumerRecord[bytes, bytes]

WAIT_MS = 200


async def read_around(
    consumer: AIOKafkaConsumer, partitions: Mapping[TopicPartition, int], *, max_records: int
) -> dict[TopicPartition, list[Record]]:
    """One poll of each partition by itself, from the offset given with it; the consumer must stand there.

    In place of an unreadable record stands an empty one, which ends its partition's part. May block for WAIT_MS a partition.
    """
    found = {}
    for partition, start in partitions.items():
        try:
            polled = await consumer.getmany(partition, timeout_ms=WAIT_MS, max_records=max_records)
            records = list(polled.get(partition, ()))
        except UnicodeDecodeError:
            records = await _up_to_the_unreadable(consumer, partition, start, max_records)
        if records:
            found[partition] = records
    return found


async def _up_to_the_unreadable(
    consumer: AIOKafkaConsumer, partition: TopicPartition, start: int, max_records: int
) -> list[Record]:
    records: list[Record] = []
    if partition in consumer.assignment():
        consumer.seek(partition, start)
    while len(records) < max_records and partition in consumer.assignment():
        try:
            polled = await consumer.getmany(partition, timeout_ms=WAIT_MS, max_records=1)
        except UnicodeDecodeError:
            if partition in consumer.assignment():
                offset = records[-1].offset + 1 if records else start
                consumer.seek(partition, offset + 1)
                records.append(_empty(partition, offset))
                log.warning("unreadable_record", topic=partition.topic, partition=partition.partition, offset=offset)
            break
        if not polled.get(partition):
            break
        records += polled[partition]
    return records


def _empty(partition: TopicPartition, offset: int) -> Record:
    return ConsumerRecord(
        topic=partition.topic,
        partition=partition.partition,
        offset=offset,
        timestamp=0,
        timestamp_type=0,
        key=None,
        value=b"",
        checksum=None,
        serialized_key_size=-1,
        serialized_value_size=0,
        headers=(),
    )
