"""`waypost migrate`: topics, documents, first offsets, first positions."""

from dataclasses import dataclass, field
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from waypost_common.clock import now_ms
from waypost_common.documents import Collection
from waypost_common.kafka import create_admin
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.report.partitions import partition_counts
from waypost_common.topics import topic_names
from waypost_store.errors import StoreError
from waypost_store.generations import live_generation
from waypost_store.migrations import MIGRATIONS, Migration
from waypost_store.settings import StoreSettings
from waypost_store.setup.change import Change
from waypost_store.setup.lease import LEASE_ID, migration_lease
from waypost_store.setup.offsets import offset_changes, position_changes
from waypost_store.setup.topics import topic_changes
from waypost_store.waiting import Report, wait_for_kafka, wait_for_mongo

FIRST_GENERATION: Final = 1
NEWEST: Final = max(migration.number for migration in MIGRATIONS)


@dataclass(frozen=True, kw_only=True)
class MigrationResult:
    changes: list[str] = field(default_factory=list)
    """What was done, or with `plan` what would be."""
    applied: bool


async def migrate(settings: StoreSettings, *, plan: bool, report: Report) -> MigrationResult:
    """Brings Kafka and MongoDB up to this version. Repeatable, and safe from several processes at once.

    Waits for both up to the start-up timeout, and for another one at work for as long as that takes. Raises StoreError with what
    to do. `plan` changes nothing.
    """
    timeout_s = settings.store.startup_timeout_s
    async with open_client(settings.mongo, application="waypost-migrate") as client:
        await wait_for_mongo(client, timeout_s=timeout_s, report=report)
        await wait_for_kafka(settings.kafka, timeout_s=timeout_s, report=report)
        database = open_database(client, settings.mongo)
        try:
            if plan:
                return await _run(settings, database, plan=True, report=report)
            async with migration_lease(database, report=report):
                return await _run(settings, database, plan=False, report=report)
        except (KafkaError, PyMongoError) as error:
            raise StoreError(f"the migration stopped half-way ({type(error).__name__}): run it again") from error


async def _run(settings: StoreSettings, database: MongoDatabase, *, plan: bool, report: Report) -> MigrationResult:
    if newer := await newer_migration(database):
        raise StoreError(f"the database has migration {newer}, this version of waypost knows up to {NEWEST}: use a newer waypost")
    done: list[str] = []

    async def take(changes: list[Change]) -> None:
        for change in changes:
            report(change.description)
            if not plan:
                await change.apply()
            done.append(change.description)

    admin = create_admin(settings.kafka, client_id="waypost-migrate")
    await admin.start()
    try:
        await take(await topic_changes(admin, settings.kafka))
        counts = await _existing_topics(admin, settings)
        await take(await document_changes(database))
        await take(await offset_changes(admin, settings.kafka, counts))
    finally:
        await admin.close()
    generation = await live_generation(database) or FIRST_GENERATION
    await take(await position_changes(database, settings.kafka, counts, generation))
    return MigrationResult(changes=done, applied=not plan)


async def _existing_topics(admin: AIOKafkaAdminClient, settings: StoreSettings) -> dict[str, int]:
    return await partition_counts(admin, list(topic_names(settings.kafka)))


async def applied_migrations(database: MongoDatabase) -> set[int]:
    recorded = database[Collection.MIGRATIONS].find({"_id": {"$ne": LEASE_ID}}, {"_id": True})
    return {int(document["_id"]) async for document in recorded}


async def newer_migration(database: MongoDatabase) -> int | None:
    """The newest that was made by a newer version than this one. What this one's services use is there all the same."""
    newest = max(await applied_migrations(database), default=0)
    return newest if newest > NEWEST else None


async def document_changes(database: MongoDatabase) -> list[Change]:
    applied = await applied_migrations(database)
    return [
        Change(
            description=f"migration {migration.number}: {migration.description}",
            apply=lambda migration=migration: _apply(database, migration),  # type: ignore[misc]
        )
        for migration in MIGRATIONS
        if migration.number not in applied
    ]


async def _apply(database: MongoDatabase, migration: Migration) -> None:
    await migration.apply(database)
    record = {"description": migration.description, "appliedAt": now_ms()}
    await database[Collection.MIGRATIONS].update_one({"_id": migration.number}, {"$setOnInsert": record}, upsert=True)
