"""How Kafka clients are made: nothing lost, nothing created by accident."""

import asyncio
from typing import Any

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    LeaderNotAvailableError,
    OutOfOrderSequenceNumber,
    RequestTimedOutError,
)

from waypost_common import kafka
from waypost_common.broker import create_broker
from waypost_common.kafka import (
    MAX_REQUEST_BYTES,
    Headers,
    consumer_options,
    create_admin,
    create_producer,
    header_text,
    may_pass,
    start_whole,
    started,
)
from waypost_common.settings import KafkaSettings
from waypost_common.topics import topics


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], None),
        ([("event", b"message")], "message"),
        ([("other", b"x")], None),
        ([("event", b"old"), ("event", b"new")], "new"),
        ([("event", b"\xff")], None),
        ([("event", None)], None),
        ([("event", b"")], ""),
    ],
)
def test_a_header_reads_as_its_newest_value_or_as_absent(headers: Headers, expected: str | None) -> None:
    assert header_text(headers, "event") == expected


def test_a_consumer_starts_nowhere_by_itself_and_commits_nothing_by_itself() -> None:
    options = consumer_options(KafkaSettings())
    assert (options["auto_offset_reset"], options["enable_auto_commit"]) == ("none", False)


@pytest.mark.parametrize("timeout_ms", [1_000, 10_000, 60_000])
def test_a_revocation_has_as_long_as_a_session_and_heartbeats_fit_into_one(timeout_ms: int) -> None:
    options = consumer_options(KafkaSettings(session_timeout_ms=timeout_ms))
    assert options["rebalance_timeout_ms"] == options["session_timeout_ms"] == timeout_ms
    assert options["heartbeat_interval_ms"] * 3 <= timeout_ms
    assert options["request_timeout_ms"] > timeout_ms


def _client_settings(client: Any) -> tuple[str, str]:
    return client._client_id, client._bootstrap_servers


async def test_a_producer_is_idempotent_and_waits_for_all_copies() -> None:
    producer: Any = create_producer(KafkaSettings(compression="gzip"), client_id="unit")
    try:
        assert producer._sender._acks == -1
        assert producer._txn_manager is not None
        assert producer._max_request_size == MAX_REQUEST_BYTES
    finally:
        await producer.stop()


async def test_a_producer_may_leave_records_uncompressed() -> None:
    producer: Any = create_producer(KafkaSettings(compression="none"), client_id="unit")
    try:
        assert producer._message_accumulator._compression_type == 0
    finally:
        await producer.stop()


def test_a_producer_takes_whatever_any_topic_takes() -> None:
    assert max(topic.max_message_bytes for topic in topics(KafkaSettings())) < MAX_REQUEST_BYTES


async def test_an_admin_client_speaks_to_the_cluster_of_the_settings() -> None:
    admin: Any = create_admin(KafkaSettings(bootstrap_servers="127.0.0.1:1"), client_id="unit")
    assert _client_settings(admin._client) == ("unit", "127.0.0.1:1")


@pytest.mark.parametrize(("compression", "expected"), [("none", None), ("lz4", "lz4")])
async def test_a_broker_creates_no_topics_and_loses_nothing(compression: Any, expected: str | None) -> None:
    config: Any = create_broker(KafkaSettings(compression=compression), client_id="unit").config.broker_config
    assert config.allow_auto_create_topics is False
    options = create_broker(KafkaSettings(compression=compression), client_id="unit")._connection_kwargs
    assert (options["acks"], options["enable_idempotence"], options["compression_type"]) == ("all", True, expected)


@pytest.mark.parametrize(("servers", "expected"), [("a:1", ["a:1"]), ("a:1,b:2,c:3", ["a:1", "b:2", "c:3"])])
async def test_a_broker_starts_from_each_of_the_named_servers(servers: str, expected: list[str]) -> None:
    broker = create_broker(KafkaSettings(bootstrap_servers=servers), client_id="unit")
    assert list(broker._connection_kwargs["bootstrap_servers"]) == expected


@pytest.mark.parametrize("error", [KafkaConnectionError, KafkaTimeoutError, LeaderNotAvailableError, RequestTimedOutError])
def test_an_outage_may_pass(error: type[KafkaError]) -> None:
    assert may_pass(error())


@pytest.mark.parametrize("error", [KafkaError, OutOfOrderSequenceNumber])
def test_a_producer_that_cannot_go_on_does_not_recover(error: type[KafkaError]) -> None:
    assert not may_pass(error())


class _ProducerWithoutKafka:
    async def start(self) -> None:
        self.is_started = True

    async def stop(self) -> None:
        await asyncio.Event().wait()


async def test_a_producer_is_not_flushed_for_ever_while_kafka_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "FLUSH_SECONDS", 0.01)
    producer: Any = _ProducerWithoutKafka()
    async with asyncio.timeout(5), started(producer):
        assert producer.is_started


class Starting:
    """A client whose start ends when it is let."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()
        self.ended: str | None = None
        self._error = error

    async def start(self) -> None:
        self.begun.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.ended = "cancelled"
            raise
        self.ended = "started"
        if self._error is not None:
            raise self._error


async def cancelled_while_starting(client: Starting) -> asyncio.Task[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(start_whole(client))
        await client.begun.wait()
        task.cancel()
        await asyncio.sleep(0)
        assert client.ended is None
        client.may_end.set()
    return task


@pytest.mark.parametrize("error", [None, KafkaConnectionError()])
async def test_a_start_that_is_cancelled_comes_to_its_end_first(error: Exception | None) -> None:
    client = Starting(error)
    assert (await cancelled_while_starting(client)).cancelled()
    assert client.ended == "started"


async def test_a_start_that_does_not_end_in_time_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "BOOTSTRAP_SECONDS", 0.0)
    client = Starting()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(start_whole(client))
        await client.begun.wait()
        task.cancel()
    assert task.cancelled()
    assert client.ended == "cancelled"


async def test_a_start_that_fails_says_why() -> None:
    client = Starting(KafkaConnectionError())
    client.may_end.set()
    with pytest.raises(KafkaConnectionError):
        await start_whole(client)
