"""`waypost doctor`: from "is it there" to "does it keep up", stopping where the next look would make no sense."""

import asyncio
from collections.abc import Awaitable

from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from waypost_common.clock import now_ms
from waypost_common.kafka import create_admin
from waypost_common.mongo import MongoClient, MongoDatabase, open_client, open_database
from waypost_common.report.partitions import partition_counts
from waypost_common.topics import topic_names
from waypost_store.errors import StoreError
from waypost_store.report.findings import disk_findings, findings
from waypost_store.report.status import system_status
from waypost_store.settings import StoreSettings
from waypost_store.setup.migrate import document_changes, newer_migration
from waypost_store.setup.offsets import offset_changes
from waypost_store.setup.topics import topic_changes
from waypost_store.waiting import wait_for_kafka, wait_for_mongo

PATIENCE_S = 3.0
BETWEEN_LOOKS_S = 2.5


async def diagnose(settings: StoreSettings) -> list[str]:
    """One line for each thing that is wrong, with what to do; empty when all is well. Changes nothing."""
    async with open_client(settings.mongo, application="waypost-doctor") as client:
        away = [
            *await _reachable(wait_for_mongo(client, timeout_s=PATIENCE_S, report=_quiet)),
            *await _reachable(wait_for_kafka(settings.kafka, timeout_s=PATIENCE_S, report=_quiet)),
        ]
        if away:
            return away
        database = open_database(client, settings.mongo)
        try:
            if unset := await _not_set_up(settings, database):
                return unset
            return await _running(settings, client, database)
        except StoreError as error:
            return [str(error)]
        except (KafkaError, PyMongoError) as error:
            return [f"a server stopped answering during the examination ({type(error).__name__}): run this again"]


def _quiet(_line: str) -> None:
    """The doctor speaks only of what it found."""


async def _reachable(waiting: Awaitable[None]) -> list[str]:
    try:
        await waiting
    except StoreError as error:
        return [str(error)]
    return []


async def _not_set_up(settings: StoreSettings, database: MongoDatabase) -> list[str]:
    if newer := await newer_migration(database):
        return [f"the database has migration {newer}, which this waypost does not know: use a newer one"]
    admin = create_admin(settings.kafka, client_id="waypost-doctor")
    await admin.start()
    try:
        due = await topic_changes(admin, settings.kafka)
        counts = await partition_counts(admin, list(topic_names(settings.kafka)))
        due += await document_changes(database)
        if not due:
            due += await offset_changes(admin, settings.kafka, counts)
    finally:
        await admin.close()
    return [f"due: {change.description}; run `waypost migrate`" for change in due]


async def _running(settings: StoreSettings, client: MongoClient, database: MongoDatabase) -> list[str]:
    before = await system_status(settings, client, database)
    await asyncio.sleep(BETWEEN_LOOKS_S)
    after = await system_status(settings, client, database)
    disk = await database.command("dbStats")
    return [
        *findings(before, after, now=now_ms()),
        *disk_findings(disk.get("fsUsedSize", 0), disk.get("fsTotalSize", 0)),
    ]
