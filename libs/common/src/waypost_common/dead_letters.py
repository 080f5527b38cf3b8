"""Records that can never be applied go to a dead-letter queue with their origin and the reason (rule R5)."""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer
from prometheus_client import Counter

from waypost_common.consumption import ConsumptionStoppedError, Record
from waypost_common.publishing import Message, publish

log = structlog.stdlib.get_logger(__name__)

MAX_BYTES: Final = 8 * 1024 * 1024
"""What a dead-letter queue takes beside our headers. Compressed on its own topic, a larger record may have passed."""
MAX_CUT_KEY_BYTES: Final = 1_024


class DeadLetterReason(StrEnum):
    NOT_JSON = "not_json"
    SCHEMA_VIOLATION = "schema_violation"
    TOO_LARGE = "too_large"
    WRONG_KEY = "wrong_key"
    ORGANIZATION_MISMATCH = "organization_mismatch"


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    record: Record
    reason: DeadLetterReason
    detail: str
    """Which field is wrong and how, without the value: records hold message text."""


@dataclass(kw_only=True)
class DeadLetterLimit:
    """Stops a consumer that would pour a topic into its dead-letter queue: that is a wrong deployment, not bad records."""

    consecutive: int = 1_000
    share: float = 0.5
    window: int = 10_000
    _recent: deque[bool] = field(default_factory=deque)
    _in_a_row: int = 0
    _bad: int = 0

    def count(self, *, dead: bool) -> None:
        """Raises ConsumptionStoppedError once too many in a row, or too large a share of a full window, were dead."""
        self._in_a_row = self._in_a_row + 1 if dead else 0
        self._recent.append(dead)
        self._bad += dead
        if len(self._recent) > self.window:
            self._bad -= self._recent.popleft()
        if self._in_a_row > self.consecutive:
            raise ConsumptionStoppedError(
                f"{self._in_a_row} records in a row could not be applied; see which with `waypost dlq list`, find out what "
                "produces them, or whether this service's version and settings are wrong, then start again"
            )
        if len(self._recent) == self.window and self._bad > self.share * self.window:
            raise ConsumptionStoppedError(
                f"{self._bad} of the last {self.window} records could not be applied; see which with `waypost dlq list`, find "
                "out what produces them, or whether this service's version and settings are wrong, then start again"
            )


async def publish_dead_letters(producer: AIOKafkaProducer, topic: str, letters: list[DeadLetter]) -> None:
    """Returns once Kafka has all of them; raises what `publish` raises. A repeat publishes them again."""
    await publish(producer, [_as_sent(topic, letter) for letter in letters])


def note_dead_letter(letter: DeadLetter, counter: Counter, queue: str) -> None:
    """In the log, and in the metric of dead letters (`waypost_common.metrics`), where `queue` is the topic without a prefix."""
    counter.labels(queue, letter.reason).inc()
    record = letter.record
    log.warning(
        "dead_letter",
        reason=letter.reason.value,
        detail=letter.detail,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
    )


def _as_sent(topic: str, letter: DeadLetter) -> Message:
    """The record with its origin; one too large for any queue is cut, since what is refused would block its partition."""
    record = letter.record
    key, value, headers = record.key, record.value, list(record.headers)
    size = len(key or b"") + len(value or b"") + sum(len(name) * 4 + len(text or b"") for name, text in headers)
    if size > MAX_BYTES:
        key = None if key is None else key[:MAX_CUT_KEY_BYTES]
        value = None if value is None else value[: MAX_BYTES // 2]
        headers = [("dlq-cut-from-bytes", str(size).encode())]
    return Message(
        topic=topic,
        key=key,
        # Kafka's clients send no record that has neither key nor value, though such a record may come.
        value=b"" if key is None and value is None else value,
        headers=[
            *headers,
            ("dlq-reason", letter.reason.value.encode()),
            ("dlq-detail", letter.detail[:1_000].encode("utf-8", "replace")),
            ("dlq-origin-topic", record.topic.encode()),
            ("dlq-origin-partition", str(record.partition).encode()),
            ("dlq-origin-offset", str(record.offset).encode()),
            ("dlq-origin-timestamp", str(record.timestamp).encode()),
        ],
    )
