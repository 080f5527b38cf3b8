"""What the connector says of a command on Kafka: its events, its outcome, or that it can never be carried out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from waypost_common.clock import now_ms
from waypost_common.dead_letters import DeadLetter, publish_dead_letters
from waypost_common.errors import ErrorCode
from waypost_common.identifiers import event_id_of_command
from waypost_common.outcomes import Outcome, OutcomeStatus, encode_outcome
from waypost_common.settings import KafkaSettings
from waypost_common.topics import COMMANDS_DLQ, EVENTS, OUTCOMES, topic_name
from waypost_connector.backend import CallResult, Delivery
from waypost_connector.live.intake import Accepted
from waypost_connector.live.sessions import Line
from waypost_connector.publisher import Publisher, Record


class Output:
    """Every method returns once Kafka has it, however long that takes. Repeating one does no harm."""

    def __init__(self, settings: KafkaSettings, publisher: Publisher, producer: AIOKafkaProducer) -> None:
        self._publisher = publisher
        self._producer = producer
        self._events = topic_name(settings, EVENTS)
        self._outcomes = topic_name(settings, OUTCOMES)
        self._dead_letters = topic_name(settings, COMMANDS_DLQ)

    async def success(self, item: Accepted, line: Line, done: CallResult) -> None:
        """Publishes the events that the call made; ingest then tells the outcome. Without any it is told here.

        Events that are invalid go to the dead letters of events, and the outcome is told here as well: the call did succeed.
        """
        records = await records_of_call(item, line, done)
        if not records or any(record.topic != self._events for record in records):
            await self._publish(records)
            await self.outcome(item, OutcomeStatus.SUCCEEDED, result=done.result)
        else:
            await self._publish(records)

    async def outcome(
        self,
        item: Accepted,
        status: OutcomeStatus,
        *,
        code: ErrorCode | None = None,
        message: str | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> None:
        outcome = Outcome(
            command=item.command.id,
            status=status,
            at=now_ms(),
            code=None if code is None else code.value,
            message=message,
            result=None if result is None else dict(result),
        )
        await self.repeat(item, outcome)

    async def repeat(self, item: Accepted, outcome: Outcome) -> None:
        record = Record(
            topic=self._outcomes,
            key=outcome.command.encode(),
            value=encode_outcome(outcome),
            headers=(("schema", outcome.schema_version.encode()), *item.trail.headers()),
            label="outcome",
        )
        await self._publish([record])

    async def dead_letters(self, letters: list[DeadLetter]) -> None:
        """Raises RetryLaterError when Kafka does not take them."""
        await publish_dead_letters(self._producer, self._dead_letters, letters)

    async def _publish(self, records: Sequence[Record]) -> None:
        for taken in [await self._publisher.submit(record) for record in records]:
            await taken


async def records_of_call(item: Accepted, line: Line, done: CallResult) -> list[Record]:
    """The same ids each time the command is carried out, so that a repeat is recognised. May wait, as `ChatAddresses`."""
    command = item.command
    records = []
    for index, made in enumerate(done.events):
        delivery = Delivery(event_id_of_command(command.id, index), 0, made.event, made.payload, made.alternative)
        record = await line.record_of(delivery)
        headers: list[tuple[str, bytes]] = [
            *record.headers,
            ("command", command.id.encode()),
            ("command-deadline", str(command.deadline).encode()),
        ]
        if index == len(done.events) - 1:
            headers.append(("command-last", b"true"))
            if done.result is not None:
                headers.append(("command-result", orjson.dumps(done.result)))
        records.append(replace(record, headers=(*headers, *item.trail.headers())))
    return records
