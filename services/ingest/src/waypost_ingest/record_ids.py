"""By what the last applied record is known again: another log is told from the one that was read before (rule R4)."""

import hashlib
from typing import Final

from waypost_common.consumption import Record
from waypost_common.identifiers import EventId

DIGEST: Final = "sha256:"


def digest_of(record: Record) -> EventId:
    """Stands for the event id that a dead letter has not. Of its bytes alone, since a restored log may have other times."""
    key, value = record.key or b"", record.value or b""
    return EventId(DIGEST + hashlib.sha256(len(key).to_bytes(8, "big") + key + value).hexdigest())


def is_digest(recorded: EventId) -> bool:
    return recorded.startswith(DIGEST)
