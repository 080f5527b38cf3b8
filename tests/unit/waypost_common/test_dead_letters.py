"""Dead letters carry their origin whatever the record looks like, and too many of them stop the consumer (rule R5)."""

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.structs import ConsumerRecord
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from waypost_common.consumption import ConsumptionStoppedError, Record, RetryLaterError
from waypost_common.dead_letters import (
    MAX_BYTES,
    DeadLetter,
    DeadLetterLimit,
    DeadLetterReason,
    note_dead_letter,
    publish_dead_letters,
)
from waypost_common.metrics import dead_letters


class FakeProducer:
    """Refuses what aiokafka refuses; `broker_error` is what Kafka answers."""

    def __init__(self, *, send_error: KafkaError | None = None, broker_error: KafkaError | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self._send_error = send_error
        self._broker_error = broker_error

    async def send(self, topic: str, **record: Any) -> "asyncio.Future[None]":
        assert record["key"] is not None or record["value"] is not None
        if self._send_error is not None:
            raise self._send_error
        self.sent.append({"topic": topic} | record)
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._broker_error is None:
            answer.set_result(None)
        else:
            answer.set_exception(self._broker_error)
        return answer


def record(key: bytes | None = b"S1", value: bytes | None = b"{}", headers: Any = ()) -> Record:
    return ConsumerRecord(
        topic="wa.events",
        partition=3,
        offset=7,
        timestamp=1_719_662_400_000,
        timestamp_type=0,
        key=key,
        value=value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=headers,
    )


async def published(one: Record, detail: str = "payload.body: too long") -> dict[str, Any]:
    producer: Any = FakeProducer()
    await publish_dead_letters(
        producer, "wa.events.dlq", [DeadLetter(record=one, reason=DeadLetterReason.SCHEMA_VIOLATION, detail=detail)]
    )
    assert len(producer.sent) == 1
    letter: dict[str, Any] = producer.sent[0]
    return letter | {"headers": dict(letter["headers"])}


async def test_a_dead_letter_is_the_record_with_its_headers_its_origin_and_the_reason() -> None:
    assert await published(record(b"S1|x", b"nonsense", [("event", b"message")])) == {
        "topic": "wa.events.dlq",
        "key": b"S1|x",
        "value": b"nonsense",
        "headers": {
            "event": b"message",
            "dlq-reason": b"schema_violation",
            "dlq-detail": b"payload.body: too long",
            "dlq-origin-topic": b"wa.events",
            "dlq-origin-partition": b"3",
            "dlq-origin-offset": b"7",
            "dlq-origin-timestamp": b"1719662400000",
        },
    }


async def test_a_long_detail_is_cut() -> None:
    assert (await published(record(), "x" * 5_000))["headers"]["dlq-detail"] == b"x" * 1_000


async def test_a_record_without_key_and_value_can_be_published() -> None:
    assert (await published(record(None, None)))["value"] == b""


@pytest.mark.parametrize(("key", "value"), [(None, b"{}"), (b"S1", None)])
async def test_a_record_without_key_or_value_stays_so(key: bytes | None, value: bytes | None) -> None:
    letter = await published(record(key, value))
    assert (letter["key"], letter["value"]) == (key, value)


async def test_a_header_without_a_value_stays_so() -> None:
    assert (await published(record(headers=[("event", None)])))["headers"]["event"] is None


@pytest.mark.parametrize(
    "one",
    [
        record(value=b"x" * (MAX_BYTES + 1)),
        record(key=b"x" * (MAX_BYTES + 1)),
        record(key=None, value=b"x" * (MAX_BYTES + 1)),
        record(key=b"x" * (MAX_BYTES + 1), value=None),
        record(headers=[("h", b"x" * (MAX_BYTES + 1))]),
        record(headers=[("h", None)] * (MAX_BYTES // 4 + 1)),
    ],
    ids=["value", "key", "value without key", "key without value", "header", "many headers"],
)
async def test_a_record_too_large_for_the_queue_is_cut_and_says_so(one: Record) -> None:
    letter = await published(one)
    size = len(letter["key"] or b"") + len(letter["value"] or b"") + sum(len(text or b"") for text in letter["headers"].values())
    assert size < MAX_BYTES
    assert int(letter["headers"]["dlq-cut-from-bytes"]) > MAX_BYTES
    assert letter["headers"]["dlq-origin-offset"] == b"7"
    assert (one.key or b"").startswith(letter["key"] or b"")
    assert (one.value or b"").startswith(letter["value"] or b"")


async def test_the_largest_record_that_its_topic_takes_is_kept_whole() -> None:
    value = b"x" * (MAX_BYTES - 100)
    letter = await published(record(value=value))
    assert letter["value"] == value
    assert "dlq-cut-from-bytes" not in letter["headers"]


@pytest.mark.parametrize("failure", [{"send_error": KafkaConnectionError()}, {"broker_error": KafkaConnectionError()}])
async def test_an_outage_of_kafka_is_waited_out(failure: Any) -> None:
    producer: Any = FakeProducer(**failure)
    with pytest.raises(RetryLaterError, match="KafkaConnectionError"):
        await publish_dead_letters(
            producer, "wa.events.dlq", [DeadLetter(record=record(), reason=DeadLetterReason.NOT_JSON, detail="")]
        )


def count(limit: DeadLetterLimit, *, dead: int = 0, good: int = 0) -> None:
    for _ in range(dead):
        limit.count(dead=True)
    for _ in range(good):
        limit.count(dead=False)


def test_as_many_in_a_row_as_allowed_do_not_stop_a_consumer() -> None:
    limit = DeadLetterLimit(consecutive=3)
    count(limit, dead=3, good=1)
    count(limit, dead=3)


def test_one_more_in_a_row_than_allowed_stops_a_consumer_and_says_what_to_do() -> None:
    limit = DeadLetterLimit(consecutive=3)
    count(limit, dead=3)
    with pytest.raises(ConsumptionStoppedError, match="see which with `waypost dlq list`"):
        count(limit, dead=1)


def test_too_large_a_share_of_the_last_records_stops_a_consumer() -> None:
    limit = DeadLetterLimit(share=0.5, window=10)
    count(limit, dead=5)
    count(limit, good=5)
    count(limit, dead=5)
    count(limit, good=1)
    with pytest.raises(ConsumptionStoppedError, match="6 of the last 10"):
        count(limit, dead=10)


def test_a_share_is_judged_only_once_the_window_is_full() -> None:
    limit = DeadLetterLimit(share=0.5, window=10)
    count(limit, dead=9)
    with pytest.raises(ConsumptionStoppedError):
        count(limit, dead=1)


def test_records_that_left_the_window_do_not_count() -> None:
    limit = DeadLetterLimit(share=0.5, window=4)
    for _ in range(50):
        count(limit, dead=2, good=2)


def test_a_dead_letter_is_counted_by_reason_and_logged_with_its_origin_but_not_with_what_it_says() -> None:
    registry = CollectorRegistry()
    letter = DeadLetter(record=record(value=b"secret"), reason=DeadLetterReason.NOT_JSON, detail="no JSON")
    with capture_logs() as lines:
        note_dead_letter(letter, dead_letters(registry, "wa.events.dlq"), "wa.events.dlq")
    assert registry.get_sample_value("waypost_dead_letters_total", {"queue": "wa.events.dlq", "reason": "not_json"}) == 1
    origin = {"topic": "wa.events", "partition": 3, "offset": 7}
    assert lines == [{"event": "dead_letter", "log_level": "warning", "reason": "not_json", "detail": "no JSON", **origin}]
