"""An event together with where it stands in the log, and how a record's bytes become one."""

from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from aiokafka.structs import ConsumerRecord
from pydantic import TypeAdapter, ValidationError

from waypost_common.dead_letters import DeadLetter, DeadLetterReason
from waypost_common.events import EVENT_ADAPTER, MAX_EVENT_BYTES, Event, effective_time, key_with, subject_of
from waypost_common.fields import CommandIdField
from waypost_common.identifiers import CommandId, EpochMs, Jid, Offset
from waypost_common.kafka import header_text
from waypost_common.record_values import parse_value
from waypost_common.trail import NO_TRAIL, Trail, trail_of

E_co = TypeVar("E_co", bound=Event, covariant=True)

_COMMAND_ID: Final[TypeAdapter[CommandId]] = TypeAdapter(CommandIdField)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandMark:
    """What the headers of an event tell of the command that caused it."""

    id: CommandId
    last: bool
    """Whether this is the command's last event: the one that its outcome follows."""
    deadline: EpochMs | None
    result: str | None
    """JSON, as the executor gave it."""
    trail: Trail = NO_TRAIL


@dataclass(frozen=True, slots=True)
class Logged(Generic[E_co]):
    event: E_co
    partition: int
    offset: Offset
    command: CommandMark | None = None
    subject: Jid | None = field(init=False)
    """What `subject_of` says: asked for at each step of each event's way, so it is kept."""
    key: str = field(init=False)
    """Of its record, and of the chat's document."""

    def __post_init__(self) -> None:
        subject = subject_of(self.event)
        object.__setattr__(self, "subject", subject)
        object.__setattr__(self, "key", key_with(self.event.session, subject))

    def effective(self, whatsapp_time: EpochMs) -> EpochMs:
        return effective_time(whatsapp_time, self.event.timestamp)


AnyLogged = Logged[Event]


def decode(record: ConsumerRecord[bytes, bytes], *, max_bytes: int = MAX_EVENT_BYTES) -> AnyLogged | DeadLetter:
    """The event of a record, or why it can never be applied (rule R5)."""
    event: Event | DeadLetter = parse_value(record, EVENT_ADAPTER, max_bytes=max_bytes)
    if isinstance(event, DeadLetter):
        return event
    logged = Logged(event, record.partition, Offset(record.offset), _command_of(record) if record.headers else None)
    if record.key is None or record.key.decode("utf-8", "replace") != logged.key:
        detail = "the record's key is not the one this event belongs to (its chat's, person's or session's)"
        return DeadLetter(record=record, reason=DeadLetterReason.WRONG_KEY, detail=detail)
    return logged


def _command_of(record: ConsumerRecord[bytes, bytes]) -> CommandMark | None:
    text = header_text(record.headers, "command")
    if text is None:
        return None
    try:
        command = _COMMAND_ID.validate_python(text)
    except ValidationError:
        return None
    deadline = header_text(record.headers, "command-deadline") or ""
    return CommandMark(
        id=command,
        last=header_text(record.headers, "command-last") == "true",
        deadline=EpochMs(int(deadline)) if deadline.isascii() and deadline.isdigit() and len(deadline) <= 15 else None,
        result=header_text(record.headers, "command-result"),
        trail=trail_of(record.headers),
    )
