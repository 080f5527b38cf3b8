"""Deadlines compare two machines' clocks, so each service compares its own with MongoDB's when it starts."""

import time
from collections.abc import Callable
from typing import Final

import structlog

from waypost_common.errors import CannotRunError
from waypost_common.identifiers import EpochMs
from waypost_common.mongo import MongoClient

log = structlog.stdlib.get_logger(__name__)

WARN_MS: Final = 1_000
REFUSE_MS: Final = 5_000
LOOKS: Final = 3


def now_ms() -> EpochMs:
    return EpochMs(time.time_ns() // 1_000_000)


async def clock_skew_ms(client: MongoClient, now: Callable[[], int] = now_ms) -> int:
    """How far this clock is ahead of MongoDB's. Raises PyMongoError when it does not answer.

    Takes half of the round trip for the way, of the shortest of a few: the first may hold the making of a connection.
    """
    looks = []
    for _ in range(LOOKS):
        before = now()
        hello = await client.admin.command("hello")
        after = now()
        looks.append((after - before, (before + after) // 2 - int(hello["localTime"].timestamp() * 1_000)))
    return min(looks)[1]


async def check_clock(client: MongoClient, now: Callable[[], int] = now_ms) -> None:
    """Warns above a second of skew; raises CannotRunError above five, and PyMongoError when MongoDB does not answer."""
    skew = await clock_skew_ms(client, now)
    if abs(skew) > REFUSE_MS:
        raise CannotRunError(f"{skew_text(skew)}: synchronise both (NTP), then start again")
    if abs(skew) > WARN_MS:
        log.warning("clock_skew", ahead_of_mongodb_ms=skew, advice="synchronise both (NTP): deadlines compare them")


def skew_text(skew_ms: int) -> str:
    return f"this machine's clock is {abs(skew_ms)} ms {'ahead of' if skew_ms > 0 else 'behind'} MongoDB's"
