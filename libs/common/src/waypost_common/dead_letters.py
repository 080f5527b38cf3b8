"""Records that can never be applied go to a dead-letter queue with their origin and the reason (rule R5)."""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from waypost_common.consumption import ConsumptionStoppedError, Record, RetryLaterError


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
                f"{self._in_a_row} records in a row could not be applied; look at the dead-letter queue with a consumer, "
                "find out what produces them, then start again"
            )
        if len(self._recent) == self.window and self._bad > self.share * self.window:
            raise ConsumptionStoppedError(
                f"{self._bad} of the last {self.window} records could not be applied; look at the dead-letter queue, "
                "find out what produces them, then start again"
            )


async def publish_dead_letters(producer: AIOKafkaProducer, topic: str, letters: list[DeadLetter]) -> None:
    """Returns once Kafka has all of them; raises RetryLaterError when it does not. A repeat publishes them again."""
    try:
        sends = [
            await producer.send(
                topic,
                key=letter.record.key,
                value=letter.record.value,
                headers=[
                    *letter.record.headers,
                    ("dlq-reason", letter.reason.value.encode()),
                    ("dlq-detail", letter.detail[:1_000].encode("utf-8", "replace")),
                    ("dlq-origin-topic", letter.record.topic.encode()),
                    ("dlq-origin-partition", str(letter.record.partition).encode()),
                    ("dlq-origin-offset", str(letter.record.offset).encode()),
                    ("dlq-origin-timestamp", str(letter.record.timestamp).encode()),
                ],
            )
            for letter in letters
        ]
        for send in sends:
            await send
    except KafkaError as error:
        raise RetryLaterError(f"Kafka does not take dead letters: {type(error).__name__}") from error
