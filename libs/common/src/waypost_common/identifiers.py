"""Names that carry meaning: identifiers, times, and how new ones are made."""

import hashlib
from functools import lru_cache
from typing import NewType

from ulid import ULID

SessionId = NewType("SessionId", str)
OrganizationId = NewType("OrganizationId", str)
Jid = NewType("Jid", str)
EventId = NewType("EventId", str)
CommandId = NewType("CommandId", str)
MessageId = NewType("MessageId", str)
"""WhatsApp's own message id, unique within a chat."""
EpochMs = NewType("EpochMs", int)
"""Unix epoch milliseconds, UTC."""
Offset = NewType("Offset", int)
"""A record's offset in its Kafka partition."""

FOREVER = EpochMs(253_402_300_799_000)
"""The end of year 9999: a mute that never ends, and the largest time accepted anywhere."""

MAX_NUMERIC_ID = 2**53 - 1
"""The largest integer that every JSON client reads exactly."""


def new_event_id() -> EventId:
    return EventId(f"evt_{ULID()}")


def new_command_id() -> CommandId:
    return CommandId(f"cmd_{ULID()}")


def new_session_id() -> SessionId:
    return SessionId(str(ULID()))


def event_id_of_command(command: CommandId, index: int = 0) -> EventId:
    """The id of the `index`-th event that a command becomes: a repeat of the command makes the same id again."""
    digest = hashlib.sha256(f"{command}#{index}".encode()).digest()
    return EventId(f"evt_{ULID.from_bytes(digest[:16])}")


def push_id_of_command(command: CommandId) -> CommandId:
    """The id of the command that tells WhatsApp what another one changed: the same each time, so that a repeat is recognised."""
    digest = hashlib.sha256(f"{command}#push".encode()).digest()
    return CommandId(f"cmd_{ULID.from_bytes(digest[:16])}")


@lru_cache(maxsize=16_384)
def numeric_id(*natural_key: str) -> int:
    """An integer for a natural key, stable over rebuilds, at most 2^53-1."""
    digest = hashlib.sha256("\x1f".join(natural_key).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") & MAX_NUMERIC_ID
