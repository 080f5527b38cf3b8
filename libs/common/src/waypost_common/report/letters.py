"""A dead letter without its value, and which ones are meant. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from waypost_common.consumption import Record
from waypost_common.dead_letters import DeadLetterReason
from waypost_common.identifiers import EpochMs
from waypost_common.kafka import header_text
from waypost_common.settings import KafkaSettings
from waypost_common.topics import COMMANDS_DLQ, EVENTS_DLQ, topic_name

UNKNOWN: Final = "unknown"
"""The reason of a record that names none, or none of ours: anybody who may write the topic can put one there."""
LONGEST_NUMBER: Final = 18


class Queue(StrEnum):
    EVENTS = "events"
    COMMANDS = "commands"

    def topic(self, settings: KafkaSettings) -> str:
        return topic_name(settings, EVENTS_DLQ if self is Queue.EVENTS else COMMANDS_DLQ)


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """Where a dead letter was read. They sort in log order."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    queue: Queue
    partition: int
    offset: int
    at: EpochMs
    """When it was set aside: Kafka's timestamp."""
    key: str | None
    size: int
    """Bytes of key and value."""
    reason: str
    detail: str
    origin: Origin | None
    """None where it never was on a topic, or does not say."""
    gateway: str | None
    """Which connector set aside what WhatsApp delivered."""
    cut_from: int | None
    """The true size of a record that was too large to be kept whole."""

    @property
    def session(self) -> str | None:
        return None if self.key is None else self.key.split("|", 1)[0]

    @property
    def place(self) -> tuple[int, int]:
        return self.partition, self.offset

    def to_json(self) -> dict[str, Any]:
        origin = self.origin
        return {
            "topic": self.queue.value,
            "partition": self.partition,
            "offset": self.offset,
            "at": self.at,
            "key": self.key,
            "bytes": self.size,
            "reason": self.reason,
            "detail": self.detail,
            "origin": None if origin is None else {"topic": origin.topic, "partition": origin.partition, "offset": origin.offset},
            "gateway": self.gateway,
            "cutFromBytes": self.cut_from,
        }


def letter_of(queue: Queue, record: Record) -> Letter:
    reason = header_text(record.headers, "dlq-reason")
    return Letter(
        queue=queue,
        partition=record.partition,
        offset=record.offset,
        at=EpochMs(record.timestamp),
        key=None if record.key is None else record.key.decode("utf-8", "replace"),
        size=len(record.key or b"") + len(record.value or b""),
        reason=reason if reason in set(DeadLetterReason) else UNKNOWN,
        detail=header_text(record.headers, "dlq-detail") or "",
        origin=_origin(record),
        gateway=header_text(record.headers, "dlq-origin-gateway"),
        cut_from=_number(record, "dlq-cut-from-bytes"),
    )


def _origin(record: Record) -> Origin | None:
    topic = header_text(record.headers, "dlq-origin-topic")
    partition, offset = _number(record, "dlq-origin-partition"), _number(record, "dlq-origin-offset")
    return None if topic is None or partition is None or offset is None else Origin(topic, partition, offset)


def _number(record: Record, header: str) -> int | None:
    text = header_text(record.headers, header) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else None


def in_log_order(letter: Letter) -> tuple[bool, Origin, int, int]:
    """Sorts letters as their records stood in the log, whatever order they were set aside in. One key has one partition."""
    return letter.origin is None, letter.origin or Origin("", 0, 0), letter.partition, letter.offset


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which letters are meant: those that meet every condition that is given."""

    reasons: Sequence[str] = ()
    session: str | None = None
    since: EpochMs | None = None
    until: EpochMs | None = None
    partition: int | None = None
    offset: int | None = None

    def take(self, letter: Letter) -> bool:
        return (
            (not self.reasons or letter.reason in self.reasons)
            and self.session in (None, letter.session)
            and (self.since is None or letter.at >= self.since)
            and (self.until is None or letter.at < self.until)
            and self.partition in (None, letter.partition)
            and self.offset in (None, letter.offset)
        )

    def offsets(self, partition: int, held: range) -> range:
        """Those of the partition's offsets that have to be read."""
        if self.partition not in (None, partition):
            return range(0)
        if self.offset is None:
            return held
        return range(self.offset, self.offset + 1) if self.offset in held else range(0)
