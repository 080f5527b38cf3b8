"""How every service opens Kafka clients: nothing lost, nothing created by accident."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError
from aiokafka.partitioner import DefaultPartitioner

from waypost_common.fetch_wait import FETCH_WAIT_MS
from waypost_common.kafka_connection import take_closed_for_broken
from waypost_common.kafka_security import security_options, tell_refusals
from waypost_common.settings import KafkaSettings

log = structlog.stdlib.get_logger(__name__)

Headers = Sequence[tuple[str, bytes | None]]
Partitioner = Callable[[bytes, Sequence[int], Sequence[int]], int]
"""Chooses for a key one of all partitions; the last argument is those that have a leader now."""

MAX_REQUEST_BYTES = 34 * 1024 * 1024
MAX_PARTITION_FETCH_BYTES: Final = 1024 * 1024
MAX_FETCH_BYTES: Final = 8 * 1024 * 1024
"""What was fetched waits in memory while a batch is applied. A larger record comes nevertheless, alone (KIP-74)."""
FLUSH_SECONDS: Final = 5.0
BOOTSTRAP_SECONDS: Final = 1.0


class Startable(Protocol):
    """Any client of aiokafka."""

    async def start(self) -> None: ...


def create_producer(settings: KafkaSettings, *, client_id: str, partitioner: Partitioner | None = None) -> AIOKafkaProducer:
    """An idempotent producer, to be started and stopped by the caller. `acks=all`, compressed, in order.

    A `partitioner` must choose as Kafka's own does: all records of a key share a partition, whoever writes them (rule R2).
    """
    take_closed_for_broken()
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        compression_type=None if settings.compression == "none" else settings.compression,
        max_request_size=MAX_REQUEST_BYTES,
        request_timeout_ms=settings.request_timeout_ms,
        partitioner=partitioner or DefaultPartitioner(),
        **security_options(settings),
    )
    tell_refusals(producer.client, settings)
    return producer


def create_consumer(settings: KafkaSettings, *topics: str, client_id: str, **options: Any) -> AIOKafkaConsumer:
    """To be started and stopped by the caller. `options` are aiokafka's; those of a group: `consumer_options`."""
    take_closed_for_broken()
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=settings.bootstrap_servers,
        client_id=client_id,
        **security_options(settings),
        **options,
    )
    tell_refusals(consumer._client, settings)
    return consumer


async def start_whole(client: Startable) -> None:
    """Starts a client. Cancelled meanwhile, it goes on for BOOTSTRAP_SECONDS at most, until it can be stopped.

    aiokafka (0.14, `AIOKafkaClient.bootstrap`) leaves the socket open of a start that is cancelled.
    """
    starting = asyncio.get_running_loop().create_task(client.start(), name="start a Kafka client")
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait([starting], timeout=BOOTSTRAP_SECONDS)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        raise


@asynccontextmanager
async def started(producer: AIOKafkaProducer) -> AsyncIterator[None]:
    """On the way out flushed, for FLUSH_SECONDS at most: while Kafka is away that would take for ever."""
    try:
        await producer.start()
        yield
    finally:
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await producer.stop()
        except TimeoutError:
            log.warning("producer_not_flushed", advice="Kafka is away: what was not taken is made again")


def may_pass(error: KafkaError) -> bool:
    """Whether trying again with the same producer can help: Kafka away, a leader moving, a topic not made yet.

    It never helps once an idempotent producer has given a batch up (its partition had no leader for the request time-out):
    the gap in its numbers makes Kafka refuse all that follows, and only a new producer goes on.
    """
    return bool(error.retriable) or isinstance(error, KafkaTimeoutError | KafkaConnectionError)


def create_admin(settings: KafkaSettings, *, client_id: str) -> AIOKafkaAdminClient:
    take_closed_for_broken()
    admin = AIOKafkaAdminClient(
        bootstrap_servers=settings.bootstrap_servers,
        client_id=client_id,
        request_timeout_ms=settings.request_timeout_ms,
        **security_options(settings),
    )
    tell_refusals(admin._client, settings)
    return admin


def consumer_options(settings: KafkaSettings) -> dict[str, Any]:
    """Options of every consumer in a group. The revoke deadline (the session timeout) is aiokafka's rebalance timeout too."""
    return {
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "session_timeout_ms": settings.session_timeout_ms,
        "rebalance_timeout_ms": settings.session_timeout_ms,
        "heartbeat_interval_ms": max(settings.session_timeout_ms // 10, 300),
        "max_partition_fetch_bytes": MAX_PARTITION_FETCH_BYTES,
        "fetch_max_bytes": MAX_FETCH_BYTES,
        "fetch_max_wait_ms": FETCH_WAIT_MS,
        "request_timeout_ms": max(settings.request_timeout_ms, settings.session_timeout_ms + 1_000),
    }


def header_text(headers: Headers, name: str) -> str | None:
    """The newest value of a record header, or None when it is absent, null or not UTF-8."""
    for key, value in reversed(headers):
        if key == name:
            try:
                return None if value is None else value.decode()
            except UnicodeDecodeError:
                return None
    return None
