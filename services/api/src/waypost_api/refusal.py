"""Ending the process from within, for a reason that `main` then tells."""

import asyncio
import signal

import structlog
from pymongo.errors import PyMongoError

from waypost_common.clock import check_clock
from waypost_common.errors import CannotRunError
from waypost_common.mongo import MongoClient

log = structlog.stdlib.get_logger(__name__)

PAUSE_S = 1.0


class Refusal:
    """Why this process must not serve. `reason` is set once; requests under way then finish as after SIGTERM."""

    def __init__(self) -> None:
        self.reason: str | None = None

    def end(self, reason: str) -> None:
        self.reason = reason
        log.error("service_stopped", reason=reason)
        signal.raise_signal(signal.SIGTERM)


async def end_if_clocks_differ(client: MongoClient, refusal: Refusal) -> None:
    """Returns after the first comparison. Reads work without MongoDB's answer at start, so this waits for it beside them."""
    while True:
        try:
            await check_clock(client)
        except CannotRunError as error:
            refusal.end(str(error))
        except PyMongoError as error:
            log.debug("clock_not_compared_yet", error=type(error).__name__)
            await asyncio.sleep(PAUSE_S)
            continue
        return
