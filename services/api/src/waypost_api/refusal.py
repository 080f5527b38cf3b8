"""Ending the process from within, for a reason that `main` then tells."""

import asyncio
import signal

import structlog
from pymongo.errors import PyMongoError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


def telling(app: ASGIApp, refusal: Refusal) -> ASGIApp:
    """The app, without the traceback that the server would log of a start which `refusal` explains."""

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_short(message: Message) -> None:
            is_explained = message["type"] == "lifespan.startup.failed" and refusal.reason is not None
            await send({"type": message["type"]} if is_explained else message)

        await app(scope, receive, send_short if scope["type"] == "lifespan" else send)

    return told


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
