"""First offsets: clients never guess where to start (`auto_offset_reset` is none), so a new group is told once."""

from collections.abc import Mapping
from typing import Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError, IllegalStateError, UnknownMemberIdError

from waypost_common.documents import NO_OFFSET, Collection, PositionDocument
from waypost_common.identifiers import Offset
from waypost_common.mongo import MongoDatabase
from waypost_common.report.groups import committed_offsets
from waypost_common.report.partitions import open_reader, partitions_of
from waypost_common.settings import KafkaSettings
from waypost_common.topics import (
    COMMANDS_STORE,
    EVENTS,
    INGEST_GROUP,
    OUTCOMES,
    STORE_GROUP,
    STORE_OUTCOMES_GROUP,
    group_name,
    topic_name,
)
from waypost_store.errors import StoreError
from waypost_store.setup.change import Change
from waypost_store.wording import counted

GROUPS: Final = ((INGEST_GROUP, EVENTS), (STORE_GROUP, COMMANDS_STORE), (STORE_OUTCOMES_GROUP, OUTCOMES))
"""Every consumer group that is known before a connector runs, with the topic it reads."""


async def offset_changes(admin: AIOKafkaAdminClient, settings: KafkaSettings, counts: Mapping[str, int]) -> list[Change]:
    """`counts`: partitions of the topics that exist, by full name."""
    changes = []
    for group, topic in GROUPS:
        count = counts.get(topic_name(settings, topic))
        if count is None:
            missing: list[TopicPartition] = partitions_of(settings, topic, settings.partitions)
        else:
            committed = await committed_offsets(admin, group_name(settings, group), partitions_of(settings, topic, count))
            missing = [partition for partition, offset in committed.items() if offset is None]
        if missing:
            partitions = counted(len(missing), "partition")
            changes.append(
                Change(
                    description=f"set the first offsets of group {group_name(settings, group)} ({partitions})",
                    apply=lambda group=group, missing=missing: _commit_first(settings, group, missing),  # type: ignore[misc]
                )
            )
    return changes


async def _commit_first(settings: KafkaSettings, group: str, partitions: list[TopicPartition]) -> None:
    name = group_name(settings, group)
    async with open_reader(settings, name) as consumer:
        consumer.assign(partitions)
        starts = await consumer.beginning_offsets(partitions)
        try:
            await consumer.commit(starts)
        except (CommitFailedError, UnknownMemberIdError, IllegalStateError) as error:
            raise StoreError(
                f"group {name} has running members but no offsets for some partitions: stop them, run `waypost migrate` "
                "again, then start them"
            ) from error


async def position_changes(
    database: MongoDatabase, settings: KafkaSettings, counts: Mapping[str, int], generation: int
) -> list[Change]:
    """Where the log began when this generation was first recorded, for each partition of `wa.events`.

    Raises StoreError when the documents were folded from a log of another number of partitions.
    """
    count = counts.get(topic_name(settings, EVENTS), settings.partitions)
    found = database[Collection.POSITIONS].find({"generation": generation}, {"partition": True, "offset": True})
    known = {document["partition"]: document["offset"] async for document in found}
    missing = [partition for partition in range(count) if partition not in known]
    begun = any(offset != NO_OFFSET for offset in known.values())
    if begun and (missing or max(known) >= count):
        raise StoreError(
            f"the documents were folded from {counted(len(known), 'partition')} of {topic_name(settings, EVENTS)}, {count} "
            f"are wanted: chats would be in others; set WAYPOST_KAFKA_PARTITIONS to {len(known)}, or begin anew with an "
            "empty database (docs/operations.md)"
        )
    if not missing:
        return []
    return [
        Change(
            description=f"record the first positions of generation {generation} ({counted(len(missing), 'partition')})",
            apply=lambda: _insert_positions(database, settings, missing, generation),
        )
    ]


async def _insert_positions(database: MongoDatabase, settings: KafkaSettings, partitions: list[int], generation: int) -> None:
    name = topic_name(settings, EVENTS)
    async with open_reader(settings) as consumer:
        starts = await consumer.beginning_offsets([TopicPartition(name, partition) for partition in partitions])
    for partition in partitions:
        position = PositionDocument(
            _id=f"{generation}|{partition}",
            generation=generation,
            partition=partition,
            offset=NO_OFFSET,
            eventId=None,
            timestamp=None,
            logStart=Offset(starts[TopicPartition(name, partition)]),
        )
        await database[Collection.POSITIONS].update_one({"_id": position["_id"]}, {"$setOnInsert": position}, upsert=True)
