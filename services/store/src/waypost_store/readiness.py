"""What must be in place before the store starts to read: servers, migrations, topics, a sane clock."""

import asyncio
import time

import structlog

from waypost_common.clock import check_clock
from waypost_common.kafka import create_admin
from waypost_common.mongo import MongoClient, MongoDatabase
from waypost_common.report.partitions import partition_counts
from waypost_common.topics import topic_names
from waypost_store.errors import StoreError
from waypost_store.settings import StoreSettings
from waypost_store.setup.migrate import document_changes, newer_migration
from waypost_store.waiting import wait_for_kafka, wait_for_mongo

log = structlog.stdlib.get_logger(__name__)

PAUSE_S = 1.0


async def wait_until_set_up(settings: StoreSettings, client: MongoClient, database: MongoDatabase) -> None:
    """Waits up to the start-up timeout, in which `waypost migrate` may run beside. Raises StoreError with what is missing."""
    until = time.monotonic() + settings.store.startup_timeout_s

    def report(line: str) -> None:
        log.info("waiting", detail=line)

    timeout_s = settings.store.startup_timeout_s
    await wait_for_mongo(client, timeout_s=timeout_s, report=report)
    await check_clock(client)
    await wait_for_kafka(settings.kafka, timeout_s=timeout_s, report=report)
    if newer := await newer_migration(database):
        # While a system is upgraded, or after it was set back: migrations only add, so that the version before goes on beside.
        log.warning("database_is_newer", migration=newer, advice="upgrade this waypost-store too")
    while (missing := await _missing(settings, database)) is not None:
        if time.monotonic() >= until:
            raise StoreError(f"{missing}: run `waypost migrate`, then start again")
        report(f"{missing}: waiting for `waypost migrate`")
        await asyncio.sleep(PAUSE_S)


async def _missing(settings: StoreSettings, database: MongoDatabase) -> str | None:
    if due := await document_changes(database):
        return f"the database is not set up ({due[0].description} is due)"
    admin = create_admin(settings.kafka, client_id="waypost-store-check")
    await admin.start()
    try:
        names = list(topic_names(settings.kafka))
        absent = sorted(set(names) - set(await partition_counts(admin, names)))
    finally:
        await admin.close()
    return f"topic {absent[0]} is missing" if absent else None
