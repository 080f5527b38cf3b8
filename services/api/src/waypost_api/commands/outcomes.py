"""Reads every partition of `wa.outcomes`, from its end, without a group: each replica sees all outcomes."""

import asyncio
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from waypost_api.commands.waiters import Waiters
from waypost_common.fetch_wait import FetchWait
from waypost_common.kafka import create_consumer, start_whole
from waypost_common.outcomes import OUTCOME_ADAPTER
from waypost_common.server_errors import why
from waypost_common.settings import KafkaSettings
from waypost_common.topics import OUTCOMES, topic_name
from waypost_common.tracing import Tracing, handling
from waypost_common.trail import trail_of

log = structlog.stdlib.get_logger(__name__)

POLL_MS: Final = 1_000
RETRY_S: Final = 1.0
STOP_S: Final = 5.0


class OutcomeReader:
    def __init__(self, settings: KafkaSettings, waiters: Waiters, tracing: Tracing) -> None:
        self._settings = settings
        self._waiters = waiters
        self._tracing = tracing
        self.ready = asyncio.Event()
        """Set once the end offsets are known: what is published from then on is seen."""

    async def run(self) -> None:
        """Until cancelled. An outage costs waiters time, not truth: they look at the operation's record too."""
        while True:
            try:
                await self._read()
            except Exception as error:  # noqa: BLE001  (whatever it was, outcomes are needed again)
                log.warning("outcomes_unreadable", error=type(error).__name__, advice=why(error))
            await asyncio.sleep(RETRY_S)

    async def _read(self) -> None:
        consumer = create_consumer(
            self._settings,
            topic_name(self._settings, OUTCOMES),
            client_id="waypost-api-outcomes",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="latest",
            request_timeout_ms=self._settings.request_timeout_ms,
        )
        try:
            await start_whole(consumer)
            for partition, end in (await consumer.end_offsets(list(consumer.assignment()))).items():
                consumer.seek(partition, end)
            self.ready.set()
            log.info("outcomes_followed", partitions=len(consumer.assignment()))
            fetch_wait = FetchWait()
            while True:
                polled = await consumer.getmany(timeout_ms=POLL_MS)
                fetch_wait.polled(consumer, records=bool(polled))
                for records in polled.values():
                    for record in records:
                        self._take(record)
        finally:
            await _stop(consumer)

    def _take(self, record: Any) -> None:
        key: bytes | None = record.key
        if key is None or not self._waiters.is_awaited(key.decode("ascii", "replace")):
            return
        try:
            outcome = OUTCOME_ADAPTER.validate_json(record.value or b"")
        except ValidationError:
            log.warning("outcome_malformed", partition=record.partition, offset=record.offset)
            return
        parent = trail_of(record.headers).traceparent
        if parent is not None:
            handling(self._tracing, record, command=outcome.command, parent=parent, started_ms=record.timestamp).end()
        self._waiters.resolve(outcome, written_ms=record.timestamp)


async def _stop(consumer: AIOKafkaConsumer) -> None:
    """Raises nothing: at shutdown the cancellation must win."""
    try:
        async with asyncio.timeout(STOP_S):
            await consumer.stop()
    except (TimeoutError, KafkaError) as error:
        log.warning("outcomes_not_left", error=type(error).__name__)
