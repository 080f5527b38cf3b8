"""Ends operations that nobody will finish, so that no caller waits for ever."""

import asyncio
from typing import Final, get_args

import structlog
from pymongo.errors import PyMongoError

from waypost_common.clock import now_ms
from waypost_common.commands import ChatCommand, SessionCommand
from waypost_common.consumption import RetryLaterError
from waypost_common.errors import ErrorCode
from waypost_common.identifiers import EpochMs
from waypost_common.mongo import Document
from waypost_common.outcomes import OperationStatus, Outcome, OutcomeStatus, PushStatus
from waypost_common.publishing import publish
from waypost_common.topics import OUTCOMES, topic_name
from waypost_store.connections import Connections
from waypost_store.metrics import StoreMetrics
from waypost_store.publishing import outcome_message
from waypost_store.push.records import note_pushes
from waypost_store.settings import StoreBlock, StoreSettings

log = structlog.stdlib.get_logger(__name__)

STORE_COMMANDS: Final = frozenset(
    kind.model_fields["command"].default for kind in (*get_args(ChatCommand), *get_args(SessionCommand))
)
MOST_AT_ONCE: Final = 500


def verdict(operation: Document, block: StoreBlock, *, now: EpochMs) -> Outcome | None:
    """What an overdue operation ends with; None while it is left to its executor. Pure.

    A started store command is left to redelivery, which publishes its event again. A started live command may have
    happened: it is `unknown`, and never run again by itself.
    """
    overdue_ms = now - int(operation["deadline"])
    is_live = operation["command"] not in STORE_COMMANDS or "pushOf" in operation
    match operation["status"]:
        case OperationStatus.PENDING if overdue_ms > block.expire_after_ms:
            status, text = OutcomeStatus.EXPIRED, "nobody started the command before its deadline"
        case OperationStatus.STARTED if is_live and overdue_ms > block.unknown_after_ms:
            status, text = OutcomeStatus.UNKNOWN, "the command was started and its end is not known: it may have happened"
        case _:
            return None
    return Outcome(command=operation["_id"], status=status, at=now, code=ErrorCode.GATEWAY_UNAVAILABLE.value, message=text)


class Sweeper:
    def __init__(self, settings: StoreSettings, connections: Connections, metrics: StoreMetrics) -> None:
        self._settings = settings
        self._connections = connections
        self._metrics = metrics

    async def run(self) -> None:
        """Until cancelled. An outage is waited out: nothing is ended while MongoDB or Kafka is away."""
        while True:
            try:
                await self.sweep()
            except (PyMongoError, RetryLaterError) as error:
                log.warning("sweep_put_off", reason=type(error).__name__)
            await asyncio.sleep(self._settings.store.sweep_interval_s)

    async def sweep(self) -> int:
        """Ends what is overdue now, and says how many. Compare-and-set: of several stores one ends each operation."""
        connections, block, now = self._connections, self._settings.store, now_ms()
        overdue = [
            *await self._find(connections, {"status": OperationStatus.PENDING.value, "deadline": {"$lt": now}}),
            *await self._find(
                connections,
                {
                    "status": OperationStatus.STARTED.value,
                    "deadline": {"$lt": now - block.unknown_after_ms},
                    "$or": [{"command": {"$nin": sorted(STORE_COMMANDS)}}, {"pushOf": {"$exists": True}}],
                },
            ),
        ]
        ended = []
        for operation in overdue:
            outcome = verdict(operation, block, now=now)
            if outcome is not None and await self._end(connections, operation, outcome):
                ended.append(outcome)
        topic = topic_name(self._settings.kafka, OUTCOMES)
        # A crash before this costs waiters time, not truth: they look at the operation too.
        await publish(connections.producer, [outcome_message(topic, outcome) for outcome in ended])
        for outcome in ended:
            self._metrics.swept.labels(outcome.status.value).inc()
        return len(ended)

    async def _find(self, connections: Connections, query: Document) -> list[Document]:
        found = connections.operations.find(query, {"status": True, "deadline": True, "command": True, "pushOf": True})
        return [operation async for operation in found.sort("deadline", 1).limit(MOST_AT_ONCE)]

    async def _end(self, connections: Connections, operation: Document, outcome: Outcome) -> bool:
        if "pushOf" in operation:
            # First: a crash before its own operation is ended brings this again, one after it would not.
            await note_pushes(connections.operations, {str(operation["pushOf"]): PushStatus.FAILED})
        result = await connections.operations.update_one(
            {"_id": operation["_id"], "status": operation["status"]},
            {
                "$set": {
                    "status": outcome.status.value,
                    "finishedAt": outcome.at,
                    "code": outcome.code,
                    "message": outcome.message,
                },
                "$unset": {"outbox": ""},
            },
        )
        return result.modified_count == 1
