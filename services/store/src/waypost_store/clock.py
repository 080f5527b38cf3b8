"""Deadlines compare two machines' clocks, so each process compares its own with MongoDB's."""

import time
from typing import Final

import structlog

from waypost_common.identifiers import EpochMs
from waypost_common.mongo import MongoClient
from waypost_store.errors import StoreError

log = structlog.stdlib.get_logger(__name__)

WARN_MS: Final = 1_000
REFUSE_MS: Final = 5_000


def now_ms() -> EpochMs:
    return EpochMs(time.time_ns() // 1_000_000)


async def clock_skew_ms(client: MongoClient) -> int:
    """How far this clock is ahead of MongoDB's, taking half of the round trip for the way."""
    before = now_ms()
    hello = await client.admin.command("hello")
    middle = (before + now_ms()) // 2
    return middle - int(hello["localTime"].timestamp() * 1_000)


async def check_clock(client: MongoClient) -> None:
    """Warns above a second of skew; raises StoreError above five."""
    skew = await clock_skew_ms(client)
    if abs(skew) > REFUSE_MS:
        raise StoreError(f"this machine's clock is {skew} ms ahead of MongoDB's: synchronise both (NTP), then start again")
    if abs(skew) > WARN_MS:
        log.warning("clock_skew", ahead_of_mongodb_ms=skew)
