"""Records that the store publishes: events made of commands, and outcomes."""

from waypost_common.commands import StoreCommand
from waypost_common.events import Event, encode_event, key_of
from waypost_common.outcomes import Outcome, encode_outcome
from waypost_common.publishing import Message
from waypost_common.trail import NO_TRAIL, Trail


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
