"""Records that the store publishes: events made of commands, and outcomes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from waypost_common.commands import StoreCommand
from waypost_common.consumption import ConsumptionStoppedError, RetryLaterError
from waypost_common.events import Event, encode_event, key_of
from waypost_common.kafka import may_pass
from waypost_common.outcomes import Outcome, encode_outcome


@dataclass(frozen=True, kw_only=True)
class Message:
    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]] = field(default_factory=list)


def event_message(topic: str, event: Event, command: StoreCommand, traceparent: str | None) -> Message:
    headers = [
        ("event", event.event.encode()),
        ("schema", event.schema_version.encode()),
        ("command", command.id.encode()),
        ("command-deadline", str(command.deadline).encode()),
        ("command-last", b"true"),
    ]
    if traceparent is not None:
        headers.append(("traceparent", traceparent.encode()))
    return Message(topic=topic, key=key_of(event).encode(), value=encode_event(event), headers=headers)


def outcome_message(topic: str, outcome: Outcome, traceparent: str | None = None) -> Message:
    headers = [("schema", outcome.schema_version.encode())]
    if traceparent is not None:
        headers.append(("traceparent", traceparent.encode()))
    return Message(topic=topic, key=outcome.command.encode(), value=encode_outcome(outcome), headers=headers)


async def publish(producer: AIOKafkaProducer, messages: Sequence[Message]) -> None:
    """Returns once Kafka has all of them, in this order per key.

    Raises RetryLaterError when it does not take one, and ConsumptionStoppedError when this producer cannot go on.
    """
    try:
        sends = [
            await producer.send(message.topic, key=message.key, value=message.value, headers=message.headers)
            for message in messages
        ]
        results = await asyncio.gather(*sends, return_exceptions=True)
    except KafkaError as error:
        raise _failure(error) from error
    for result in results:
        if isinstance(result, KafkaError):
            raise _failure(result) from result
        if isinstance(result, BaseException):
            raise result


def _failure(error: KafkaError) -> RetryLaterError | ConsumptionStoppedError:
    if may_pass(error):
        return RetryLaterError(f"Kafka: {type(error).__name__}")
    return ConsumptionStoppedError(f"Kafka takes nothing more from this process ({type(error).__name__}): start it again")
