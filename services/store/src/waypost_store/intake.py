"""From a record to a command, or to the reason why it never can be one. Pure."""

from dataclasses import dataclass
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from waypost_common.commands import STORE_COMMAND_ADAPTER, StoreCommand, key_of_command
from waypost_common.consumption import Record
from waypost_common.dead_letters import DeadLetter, DeadLetterReason
from waypost_common.events import MAX_EVENT_BYTES
from waypost_common.kafka import header_text
from waypost_common.outcomes import OUTCOME_ADAPTER, Outcome

T = TypeVar("T")


@dataclass(frozen=True)
class Accepted:
    record: Record
    command: StoreCommand

    @property
    def traceparent(self) -> str | None:
        return header_text(self.record.headers, "traceparent")


def read_command(record: Record) -> Accepted | DeadLetter:
    command = _parse(record, STORE_COMMAND_ADAPTER)
    if isinstance(command, DeadLetter):
        return command
    if record.key != key_of_command(command).encode():
        return _dead(record, DeadLetterReason.WRONG_KEY, "the key must be <session>|<chatJid>, or <session> for a session")
    return Accepted(record, command)


def read_outcome(record: Record) -> Outcome | DeadLetter:
    return _parse(record, OUTCOME_ADAPTER)


def _parse(record: Record, adapter: TypeAdapter[T]) -> T | DeadLetter:
    value = record.value or b""
    if len(value) > MAX_EVENT_BYTES:
        return _dead(record, DeadLetterReason.TOO_LARGE, f"{len(value)} bytes, at most {MAX_EVENT_BYTES}")
    try:
        return adapter.validate_json(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        reason = DeadLetterReason.NOT_JSON if first["type"] == "json_invalid" else DeadLetterReason.SCHEMA_VIOLATION
        field = ".".join(str(part) for part in first["loc"])
        return _dead(record, reason, f"{field}: {first['type']}" if field else first["type"])


def _dead(record: Record, reason: DeadLetterReason, detail: str) -> DeadLetter:
    return DeadLetter(record=record, reason=reason, detail=detail)
