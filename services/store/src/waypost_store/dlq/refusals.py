"""Whether a dead letter may be published again, and what it would be. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from waypost_common.commands import STORE_COMMAND_ADAPTER, CommandEnvelope, key_of_command
from waypost_common.consumption import Record
from waypost_common.dead_letters import DeadLetter
from waypost_common.documents import NO_OFFSET
from waypost_common.events import EVENT_ADAPTER, Event, key_of
from waypost_common.identifiers import EpochMs
from waypost_common.live_commands import LIVE_COMMAND_ADAPTER, key_of_live_command
from waypost_common.record_values import parse_value
from waypost_common.report.letters import Letter, Origin, Queue
from waypost_common.settings import KafkaSettings
from waypost_common.topics import COMMANDS_STORE, EVENTS, live_commands, topic_name
from waypost_store.dlq.log_order import DEPENDS_ON_LOG_ORDER

_MESSAGES: Final = ("message", "message.from_me")


@dataclass(frozen=True)
class Refusal:
    reason: str
    forcible: bool
    """Whether an operator may insist: not where it would only become a dead letter again."""


@dataclass(frozen=True)
class Owner:
    """Whom a session, a chat or an operation belongs to."""

    session: str | None
    organization: str | None


@dataclass(frozen=True, kw_only=True)
class Chat:
    owner: Owner
    partition: int
    epoch: int
    """The offset of its last deletion; NO_OFFSET without one."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the documents say of the sessions, chats and operations that a few letters are about."""

    sessions: Mapping[str, Owner]
    removed: frozenset[str]
    chats: Mapping[str, Chat]
    """By record key, which is a chat's id too."""
    operations: Mapping[str, Owner]


Found = Event | CommandEnvelope


def read_letter(letter: Letter, record: Record, settings: KafkaSettings, *, max_event_bytes: int) -> Found | Refusal:
    """What the record is by what this version knows, or why it can never be that."""
    if letter.cut_from is not None:
        return Refusal(f"it was cut: of {letter.cut_from} bytes only the first are kept", forcible=False)
    if letter.origin is None:
        why = "it was on no topic: a connector set aside what WhatsApp delivered" if letter.gateway else "it names no origin"
        return Refusal(why, forcible=False)
    found = _parsed(letter.queue, letter.origin, record, settings, max_event_bytes)
    if isinstance(found, DeadLetter):
        return Refusal(f"it would be a dead letter again ({found.reason.value}): {found.detail}", forcible=False)
    if found is None:
        return Refusal("the topic that it names as its origin is none that it can come from", forcible=False)
    value, key = found
    if record.key != key.encode():
        return Refusal("it would be a dead letter again (wrong_key): its key is not the one it belongs to", forcible=False)
    return value


def _parsed(
    queue: Queue, origin: Origin, record: Record, settings: KafkaSettings, max_event_bytes: int
) -> tuple[Found, str] | DeadLetter | None:
    """With the key it must have; None where the origin is no topic of that queue."""
    if queue is Queue.EVENTS and origin.topic == topic_name(settings, EVENTS):
        event: Event | DeadLetter = parse_value(record, EVENT_ADAPTER, max_bytes=max_event_bytes)
        return event if isinstance(event, DeadLetter) else (event, key_of(event))
    if queue is Queue.COMMANDS and origin.topic == topic_name(settings, COMMANDS_STORE):
        command = parse_value(record, STORE_COMMAND_ADAPTER)
        return command if isinstance(command, DeadLetter) else (command, key_of_command(command))
    live = {topic_name(settings, live_commands(backend)) for backend in settings.backend_names}
    if queue is Queue.COMMANDS and origin.topic in live:
        asked = parse_value(record, LIVE_COMMAND_ADAPTER)
        return asked if isinstance(asked, DeadLetter) else (asked, key_of_live_command(asked))
    return None


def refusal_of(letter: Letter, found: Found, known: Known, *, now: EpochMs) -> Refusal | None:
    """Why what `read_letter` found must not be published again, or None when it may."""
    if isinstance(found, CommandEnvelope):
        return _of_command(found, known, now)
    owner = Owner(found.session, found.organization)
    chat = known.chats.get(key_of(found))
    for what, other in (("session", known.sessions.get(found.session)), ("chat", chat.owner if chat else None)):
        if other not in (None, owner):
            why = f"the {what} belongs to another organization"
            return Refusal(f"it would be a dead letter again (organization_mismatch): {why}", forcible=False)
    if why_not := DEPENDS_ON_LOG_ORDER[found.event]:
        return Refusal(f"{found.event}: {why_not}", forcible=True)
    if found.session in known.removed:
        return Refusal("its session was removed", forcible=True)
    if found.event in _MESSAGES and chat is not None and _deleted_since(chat, letter.origin):
        return Refusal("its chat was deleted after it, and would come back with it", forcible=True)
    return None


def _deleted_since(chat: Chat, origin: Origin | None) -> bool:
    if chat.epoch == NO_OFFSET or origin is None:
        return False
    return chat.partition == origin.partition and chat.epoch > origin.offset


def _of_command(command: CommandEnvelope, known: Known, now: EpochMs) -> Refusal | None:
    operation = known.operations.get(command.id)
    # An outcome that came first left a record that names nobody.
    if operation not in (None, Owner(None, None), Owner(command.session, command.organization)):
        return Refusal(
            "it would be a dead letter again (organization_mismatch): its id is of another's operation", forcible=False
        )
    if command.deadline <= now:
        return Refusal("its deadline has passed: it would end as expired", forcible=True)
    return None
