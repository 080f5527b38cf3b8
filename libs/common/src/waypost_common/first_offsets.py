"""Where to start a partition whose work may be repeated without harm: the committed offset, else the log's start."""

from collections.abc import Collection

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from waypost_common.consumption import NextOffsets, RetryLaterError

log = structlog.stdlib.get_logger(__name__)


async def start_offsets(partitions: Collection[TopicPartition], consumer: AIOKafkaConsumer) -> NextOffsets:
    """Kafka forgets commits of groups that were away for long, and a topic may have been made again.

    Raises RetryLaterError when Kafka does not answer.
    """
    try:
        starts = await consumer.beginning_offsets(list(partitions))
        ends = await consumer.end_offsets(list(partitions))
        committed = {partition: await consumer.committed(partition) for partition in partitions}
    except KafkaError as error:
        raise RetryLaterError(f"Kafka: {type(error).__name__}") from error
    offsets = {}
    for partition, offset in committed.items():
        if offset is not None and starts[partition] <= offset <= ends[partition]:
            offsets[partition] = offset
            continue
        if offset is not None:
            log.warning("committed_offset_out_of_range", topic=partition.topic, partition=partition.partition, offset=offset)
        offsets[partition] = starts[partition]
    return offsets
