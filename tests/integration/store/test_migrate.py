"""`waypost migrate` against real servers."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from pymongo.errors import WriteError
from tests.integration.store.conftest import PARTITIONS

from waypost_common.documents import NO_OFFSET, PROJECTIONS, ChatDocument, Collection, collection_name
from waypost_common.kafka import create_admin
from waypost_common.mongo import MongoDatabase
from waypost_common.report.groups import committed_offsets
from waypost_common.report.partitions import partition_counts
from waypost_common.topics import EVENTS, INGEST_GROUP, group_name, topic_name, topic_names
from waypost_store.errors import StoreError
from waypost_store.readiness import wait_until_set_up
from waypost_store.schema import ensure_projections
from waypost_store.settings import StoreSettings
from waypost_store.setup.migrate import MigrationResult, migrate


async def run(settings: StoreSettings, *, plan: bool = False) -> MigrationResult:
    return await migrate(settings, plan=plan, report=lambda _line: None)


@pytest.fixture
async def admin(settings: StoreSettings) -> Any:
    client = create_admin(settings.kafka, client_id="test")
    await client.start()
    yield client
    await client.close()


async def test_a_plan_changes_nothing(settings: StoreSettings, database: MongoDatabase, admin: AIOKafkaAdminClient) -> None:
    planned = await run(settings, plan=True)
    assert planned.changes
    assert not planned.applied
    assert await partition_counts(admin, list(topic_names(settings.kafka))) == {}
    assert await database.list_collection_names() == []


async def test_everything_that_was_planned_is_made_and_then_nothing_is_left_to_do(
    settings: StoreSettings, database: MongoDatabase, admin: AIOKafkaAdminClient
) -> None:
    planned = await run(settings, plan=True)
    assert (await run(settings)).changes == planned.changes
    assert (await run(settings)).changes == []
    counts = await partition_counts(admin, list(topic_names(settings.kafka)))
    assert counts == dict.fromkeys(topic_names(settings.kafka), PARTITIONS)
    assert {collection.value for collection in Collection} == set(await database.list_collection_names())
    assert await database[Collection.GENERATIONS].find_one({"_id": "live"}) == {"_id": "live", "generation": 1}
    positions = {document["_id"]: document async for document in database[Collection.POSITIONS].find({})}
    assert set(positions) == {f"1|{partition}" for partition in range(PARTITIONS)}
    assert {(document["offset"], document["logStart"]) for document in positions.values()} == {(NO_OFFSET, 0)}


async def test_several_at_once_do_the_work_once(settings: StoreSettings) -> None:
    results = await asyncio.gather(*(run(settings) for _ in range(3)))
    assert sorted(bool(result.changes) for result in results) == [False, False, True]


async def test_another_partition_count_is_refused_with_what_to_do(migrated: StoreSettings) -> None:
    kafka = migrated.kafka.model_copy(update={"partitions": PARTITIONS + 1})
    with pytest.raises(StoreError, match="WAYPOST_KAFKA_PARTITIONS is 5"):
        await run(migrated.model_copy(update={"kafka": kafka}))


@pytest.mark.parametrize("more", [1, -1])
async def test_another_partition_count_of_new_topics_is_refused_once_events_were_folded(
    migrated: StoreSettings, database: MongoDatabase, more: int
) -> None:
    await database[Collection.POSITIONS].update_one({"_id": "1|0"}, {"$set": {"offset": 7}})
    new = {"partitions": PARTITIONS + more, "topic_prefix": f"{migrated.kafka.topic_prefix}new."}
    kafka = migrated.kafka.model_copy(update=new)
    with pytest.raises(StoreError, match=f"set WAYPOST_KAFKA_PARTITIONS to {PARTITIONS}"):
        await run(migrated.model_copy(update={"kafka": kafka}), plan=True)


async def test_a_drifted_topic_is_set_right_but_its_retention_is_the_operators(
    migrated: StoreSettings, admin: AIOKafkaAdminClient
) -> None:
    topic = topic_name(migrated.kafka, EVENTS)
    own = {"retention.ms": "86400000", "max.message.bytes": "1000", "segment.ms": "3600000"}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=own)])
    assert len((await run(migrated)).changes) == 1
    responses: list[Any] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    actual = {entry[0]: entry[1] for entry in responses[0].resources[0][4]}
    assert (actual["retention.ms"], actual["segment.ms"]) == ("86400000", "3600000")
    assert (actual["max.message.bytes"], actual["message.timestamp.type"]) == (str(8 * 1024 * 1024), "CreateTime")


async def test_an_offset_that_a_group_has_is_not_moved(migrated: StoreSettings, admin: AIOKafkaAdminClient) -> None:
    partition = TopicPartition(topic_name(migrated.kafka, EVENTS), 0)
    group = group_name(migrated.kafka, INGEST_GROUP)
    async with AIOKafkaConsumer(
        bootstrap_servers=migrated.kafka.bootstrap_servers, group_id=group, enable_auto_commit=False
    ) as consumer:
        consumer.assign([partition])
        await consumer.commit({partition: 7})
    assert (await run(migrated)).changes == []
    assert await committed_offsets(admin, group, [partition]) == {partition: 7}


async def test_a_database_of_a_newer_version_is_left_alone(migrated: StoreSettings, database: MongoDatabase) -> None:
    await database[Collection.MIGRATIONS].insert_one({"_id": 9_999})
    with pytest.raises(StoreError, match="newer waypost"):
        await run(migrated)


async def test_the_store_runs_beside_a_newer_version_that_has_migrated(migrated: StoreSettings, database: MongoDatabase) -> None:
    await database[Collection.MIGRATIONS].insert_one({"_id": 9_999})
    await wait_until_set_up(migrated, database.client, database)


async def test_servers_that_are_away_are_told_by_name(settings: StoreSettings) -> None:
    hurried = {"store": settings.store.model_copy(update={"startup_timeout_s": 0.5})}
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    with pytest.raises(StoreError, match=r"waited 0\.5 s: Kafka does not answer at 127\.0\.0\.1:1"):
        await run(settings.model_copy(update={"kafka": kafka} | hurried))


async def test_a_second_generation_has_collections_of_its_own(migrated: StoreSettings, database: MongoDatabase) -> None:
    await ensure_projections(database, 2)
    await ensure_projections(database, 2)
    for collection in PROJECTIONS:
        first = await database[collection.value].index_information()
        assert await database[collection_name(collection, 2)].index_information() == first


async def test_a_document_without_its_session_is_refused(migrated: StoreSettings, database: MongoDatabase) -> None:
    with pytest.raises(WriteError, match="validation"):
        await database[Collection.GROUPS].insert_one({"_id": "x"})


@pytest.mark.parametrize(
    ("query", "mostly_archived"),
    [({}, True), ({"archived": True}, False), ({"archived": False}, True), ({"unread": True}, False)],
)
async def test_a_page_of_chats_reads_only_what_it_shows(
    migrated: StoreSettings, database: MongoDatabase, query: dict[str, Any], mostly_archived: bool
) -> None:
    await database[Collection.CHATS].insert_many([chat(number, mostly_archived=mostly_archived) for number in range(600)])
    matching = {"session": "S1", "visible": True, **query}
    found = await database[Collection.CHATS].find(matching).sort("sortKey", 1).limit(3).explain()
    assert "'SORT'" not in str(found["queryPlanner"]["winningPlan"])
    assert found["executionStats"]["totalDocsExamined"] == 3


def chat(number: int, *, mostly_archived: bool) -> dict[str, Any]:
    """Of a hundred chats one is unread, and one is unlike the others in being archived or not."""
    document: dict[str, Any] = dict.fromkeys(ChatDocument.__required_keys__)
    rare = {"archived": (number % 100 == 50) != mostly_archived, "unread": number % 100 == 75}
    own = {"_id": f"S1|{number}", "session": "S1", "organization": "org_1", "jid": str(number), "visible": True}
    return document | own | rare | {"sortKey": f"{number:06d}", "epoch": -1, "offset": number}
