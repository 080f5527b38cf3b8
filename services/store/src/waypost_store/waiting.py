"""Waiting for Kafka and MongoDB, with progress, up to a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from waypost_common.kafka import create_admin
from waypost_common.mongo import MongoClient
from waypost_common.running import reason_of
from waypost_common.server_errors import NO_REPLICA_SET, is_final
from waypost_common.settings import KafkaSettings
from waypost_store.errors import StoreError

Report = Callable[[str], None]
"""Takes one line of progress."""

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 2.0


async def wait_for_kafka(settings: KafkaSettings, *, timeout_s: float, report: Report) -> None:
    """Returns once a broker answers. Raises StoreError after `timeout_s`."""

    async def ask() -> None:
        admin = create_admin(settings, client_id="waypost-wait")
        try:
            await admin.start()
            await admin.list_topics()
        finally:
            await admin.close()

    await _wait(ask, what=f"Kafka at {settings.bootstrap_servers}", timeout_s=timeout_s, report=report)


async def wait_for_mongo(client: MongoClient, *, timeout_s: float, report: Report) -> None:
    """Returns once the replica set has a primary. Raises StoreError after `timeout_s`, or at once where waiting is of no use."""

    async def ask() -> None:
        if "setName" not in await client.admin.command("hello"):
            raise StoreError(NO_REPLICA_SET)

    await _wait(ask, what="MongoDB", timeout_s=timeout_s, report=report)


async def _wait(ask: Callable[[], Awaitable[None]], *, what: str, timeout_s: float, report: Report) -> None:
    until = time.monotonic() + timeout_s
    pause = FIRST_PAUSE_S
    while True:
        try:
            await ask()
        except (KafkaError, PyMongoError, OSError) as error:
            if is_final(error):
                raise StoreError(reason_of(error)) from error
            left = until - time.monotonic()
            if left <= 0:
                raise StoreError(f"waited {timeout_s:g} s: {reason_of(error)}") from error
            report(f"waiting for {what} ({left:.0f} s left)")
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 2, LONGEST_PAUSE_S)
        else:
            return
