"""Waiting for Kafka and MongoDB, with progress, up to a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from aiokafka.errors import KafkaError
from pymongo.errors import OperationFailure, PyMongoError

from waypost_common.kafka import create_admin
from waypost_common.mongo import MongoClient
from waypost_common.settings import KafkaSettings
from waypost_store.errors import StoreError

Report = Callable[[str], None]
"""Takes one line of progress."""

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 2.0
AUTHENTICATION_FAILED = 18


async def wait_for_kafka(settings: KafkaSettings, *, timeout_s: float, report: Report) -> None:
    """Returns once a broker answers. Raises StoreError after `timeout_s`."""

    async def ask() -> None:
        admin = create_admin(settings, client_id="waypost-wait")
        try:
            await admin.start()
            await admin.list_topics()
        finally:
            await admin.close()

    await _wait(
        ask,
        KafkaError,
        what=f"Kafka at {settings.bootstrap_servers}",
        advice="start it, or set WAYPOST_KAFKA_BOOTSTRAP_SERVERS to where it is",
        timeout_s=timeout_s,
        report=report,
    )


async def wait_for_mongo(client: MongoClient, *, timeout_s: float, report: Report) -> None:
    """Returns once the replica set has a primary. Raises StoreError after `timeout_s`, or at once for wrong credentials."""

    async def ask() -> None:
        try:
            hello = await client.admin.command("hello")
        except OperationFailure as error:
            if error.code == AUTHENTICATION_FAILED:
                raise StoreError("MongoDB refuses the user or password: correct WAYPOST_MONGO_URL") from None
            raise
        if "setName" not in hello:
            raise StoreError(
                "MongoDB is not a replica set, which majority writes need: start mongod with --replSet rs0 "
                "and run rs.initiate() once"
            )

    await _wait(
        ask,
        PyMongoError,
        what="MongoDB",
        advice="start it, or set WAYPOST_MONGO_URL to where it is",
        timeout_s=timeout_s,
        report=report,
    )


async def _wait(
    ask: Callable[[], Awaitable[None]],
    away: type[Exception],
    *,
    what: str,
    advice: str,
    timeout_s: float,
    report: Report,
) -> None:
    until = time.monotonic() + timeout_s
    pause = FIRST_PAUSE_S
    while True:
        try:
            await ask()
        except (away, OSError) as error:
            left = until - time.monotonic()
            if left <= 0:
                raise StoreError(f"{what} did not answer within {timeout_s:g} s ({type(error).__name__}): {advice}") from error
            report(f"waiting for {what} ({left:.0f} s left)")
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 2, LONGEST_PAUSE_S)
        else:
            return
