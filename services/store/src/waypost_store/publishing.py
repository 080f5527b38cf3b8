"""Records that the store publishes: events made of commands, and outcomes."""

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from waypost_common.commands import StoreCommand
from waypost_common.consumption import ConsumptionStoppedError, RetryLaterError
from waypost_common.events import Event, encode_event, key_of
from waypost_common.outcomes import Outcome, encode_outcome
from waypost_common.publishing import Message, publish
from waypost_common.trail import NO_TRAIL, Trail
from waypost_store.errors import StoreError


def event_message(topic: str, event: Event, command: StoreCommand, trail: Trail) -> Message:
    headers: list[tuple[str, bytes | None]] = [
        ("event", event.event.encode()),
        ("schema", event.schema_version.encode()),
        ("command", command.id.encode()),
        ("command-deadline", str(command.deadline).encode()),
        ("command-last", b"true"),
        *trail.headers(),
    ]
    return Message(topic=topic, key=key_of(event).encode(), value=encode_event(event), headers=headers)


def outcome_message(topic: str, outcome: Outcome, trail: Trail = NO_TRAIL) -> Message:
    headers: list[tuple[str, bytes | None]] = [("schema", outcome.schema_version.encode()), *trail.headers()]
    return Message(topic=topic, key=outcome.command.encode(), value=encode_outcome(outcome), headers=headers)


async def publish_or_end(producer: AIOKafkaProducer, messages: Sequence[Message]) -> None:
    """For a command that an operator runs again: raises StoreError when Kafka does not take all of them."""
    try:
        await publish(producer, messages)
    except (RetryLaterError, ConsumptionStoppedError) as error:
        raise StoreError(f"stopped, since Kafka does not take a record ({error}): run this again, nothing is lost") from error
