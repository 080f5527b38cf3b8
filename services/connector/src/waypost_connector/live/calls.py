"""One call to WhatsApp, repeated as far as its kind allows, and what it ended with."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from traceback import extract_tb
from typing import Any

import orjson
import structlog

from waypost_common.clock import now_ms
from waypost_common.errors import ErrorCode
from waypost_common.live_commands import REPEATABLE, LiveCommand
from waypost_common.outcomes import OutcomeStatus
from waypost_connector.backend import (
    BackendError,
    CallLimitedError,
    CallNotMadeError,
    CallRefusedError,
    CallResult,
    CallUnsupportedError,
    OvertakenError,
)
from waypost_connector.backoff import delays
from waypost_connector.live.entry import Entry
from waypost_connector.live.metrics import LiveMetrics
from waypost_connector.live.sessions import CallableSessions, Line

log = structlog.stdlib.get_logger(__name__)

MAY_HAVE_HAPPENED = "the connection or the time ended before WhatsApp answered: it may have happened"


@dataclass(frozen=True)
class Done:
    line: Line
    result: CallResult


@dataclass(frozen=True)
class Ended:
    """Not done, or not known to be."""

    status: OutcomeStatus
    code: ErrorCode
    message: str
    result: Mapping[str, Any] | None = None


class Call:
    """Makes one call. A new one for each command."""

    def __init__(self, sessions: CallableSessions, metrics: LiveMetrics) -> None:
        self._sessions = sessions
        self._metrics = metrics
        self._may_have_happened = False

    async def make(self, entry: Entry, line: Line) -> Done | Ended:
        """Within the command's deadline; after a lost connection again, on the next one, where that can do no harm.

        Raises OvertakenError when the session has moved before it was made: the next owner gets the command.
        """
        command, waits = entry.item.command, delays(Random())
        try:
            async with asyncio.timeout((command.deadline - now_ms()) / 1_000):
                while True:
                    await line.hold.confirmed()
                    ended = await self._try(command, line)
                    if ended is not None:
                        return ended
                    await asyncio.sleep(next(waits))
                    line = await self._sessions.line_for(command)
        except TimeoutError:
            if self._may_have_happened:
                return Ended(OutcomeStatus.UNKNOWN, ErrorCode.GATEWAY_UNAVAILABLE, MAY_HAVE_HAPPENED)
            if entry.moved:
                raise OvertakenError("the session has moved") from None
            text = "the session was not connected to WhatsApp before the deadline"
            return Ended(OutcomeStatus.EXPIRED, ErrorCode.GATEWAY_UNAVAILABLE, text)

    async def _try(self, command: LiveCommand, line: Line) -> Done | Ended | None:
        """None when it is to be tried again."""
        before, self._may_have_happened = self._may_have_happened, True
        try:
            with self._metrics.call_seconds.labels(command.command).time():
                done = await line.target.call(command)
            orjson.dumps(done.result)  # it shall travel in a header: what cannot is a fault in the backend, too
            return Done(line, done)
        except OvertakenError:
            raise
        except CallNotMadeError:
            self._may_have_happened = before
            return None
        except BackendError as error:
            return _ended(command, error)
        except Exception as error:  # noqa: BLE001 - a fault in the backend must not end the other sessions
            # The kind and the place alone: the text of an unknown error may hold the message's.
            place = extract_tb(error.__traceback__)[-1]
            where = f"{place.filename}:{place.lineno}"
            kind = type(error).__name__
            log.error("call_failed", session=command.session, command=command.id, error=kind, where=where)  # noqa: TRY400
            status = OutcomeStatus.FAILED if command.command in REPEATABLE else OutcomeStatus.UNKNOWN
            return Ended(status, ErrorCode.INTERNAL, "the connector failed while it did this; its log says why")


def _ended(command: LiveCommand, error: BackendError) -> Ended | None:
    match error:
        case CallRefusedError():
            return Ended(OutcomeStatus.REJECTED, error.code, str(error))
        case CallUnsupportedError():
            return Ended(OutcomeStatus.NOT_SUPPORTED, ErrorCode.NOT_IMPLEMENTED, str(error))
        case CallLimitedError():
            seconds = {"retryAfterSeconds": max(math.ceil(error.retry_after_s), 1)}
            return Ended(OutcomeStatus.REJECTED, ErrorCode.RATE_LIMITED, str(error), seconds)
        case _:
            log.info("call_cut", session=command.session, command=command.id, reason=str(error))
            if command.command in REPEATABLE:
                return None
            return Ended(OutcomeStatus.UNKNOWN, ErrorCode.GATEWAY_UNAVAILABLE, MAY_HAVE_HAPPENED)
