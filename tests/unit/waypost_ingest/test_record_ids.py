from dataclasses import dataclass
from typing import Any

from waypost_common.identifiers import EventId, new_event_id
from waypost_ingest.record_ids import digest_of, is_digest


@dataclass(frozen=True)
class Raw:
    key: bytes | None
    value: bytes | None
    timestamp: int = 1


def digest(key: bytes | None, value: bytes | None, timestamp: int = 1) -> EventId:
    record: Any = Raw(key, value, timestamp)
    return digest_of(record)


def test_the_same_bytes_are_known_again_whenever_they_were_written() -> None:
    assert digest(b"k", b"{", 1) == digest(b"k", b"{", 2)


def test_other_bytes_are_not() -> None:
    records = [(b"k", b"{"), (b"k", b"["), (b"l", b"{"), (b"k{", b""), (b"", b"k{"), (None, b"{")]
    assert len({digest(*record) for record in records}) == len(records)


def test_a_digest_is_told_from_an_event_id() -> None:
    assert is_digest(digest(None, None))
    assert not is_digest(new_event_id())
