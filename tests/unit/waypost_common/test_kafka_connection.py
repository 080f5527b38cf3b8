"""What aiokafka is told of a connection that ended a moment ago. On uvloop, as the services run; nothing here is a Kafka."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import aiokafka.conn
import pytest
import uvloop
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.admin import ApiVersionRequest

from waypost_common.broker import create_broker
from waypost_common.kafka import create_admin, create_consumer, create_producer
from waypost_common.kafka_connection import Connection
from waypost_common.settings import KafkaSettings
from waypost_local.ports import LOOPBACK

MOMENTS = 20
"""Turns of the event loop, within which a connection that was torn down is closed, and its reader has heard of it."""

Send = Callable[[AIOKafkaConnection], Coroutine[Any, Any, object]]

SENDS: dict[str, Send] = {
    "a request": lambda connection: connection.send(ApiVersionRequest()),
    "a login": lambda connection: connection._send_sasl_token(b"secret"),
}


async def _errors_after_the_end(kind: type[AIOKafkaConnection], send: Send) -> list[RuntimeError]:
    """What attempts to send raised from the moment on in which the connection was torn down; a KafkaError is one of these."""
    errors: list[RuntimeError] = []
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        gone.set()

    async with await asyncio.start_server(silent, LOOPBACK, 0) as server:
        connection: Any = kind(LOOPBACK, server.sockets[0].getsockname()[1], request_timeout_ms=1_000)
        await connection.connect()
        connection._writer.transport.abort()
        for _ in range(MOMENTS):
            try:
                send(connection).close()
            except RuntimeError as error:
                errors.append(error)
            await asyncio.sleep(0)
        await connection.close()
        await gone.wait()
    return errors


@pytest.fixture(autouse=True)
def no_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    async def skipped(_: AIOKafkaConnection) -> None: ...

    monkeypatch.setattr(AIOKafkaConnection, "_do_version_lookup", skipped)


@pytest.mark.parametrize("send", SENDS.values(), ids=SENDS)
def test_a_connection_that_has_ended_is_told_as_broken(send: Send) -> None:
    errors = uvloop.run(_errors_after_the_end(Connection, send))
    assert errors
    assert {type(error) for error in errors} == {KafkaConnectionError}


@pytest.mark.parametrize("send", SENDS.values(), ids=SENDS)
def test_aiokafka_by_itself_lets_uvloops_error_out(send: Send) -> None:
    """When this fails, aiokafka needs `take_closed_for_broken` no more."""
    errors = uvloop.run(_errors_after_the_end(AIOKafkaConnection, send))
    assert RuntimeError in {type(error) for error in errors}


@pytest.mark.parametrize(
    "create",
    [
        lambda settings: create_producer(settings, client_id="unit"),
        lambda settings: create_consumer(settings, client_id="unit"),
        lambda settings: create_admin(settings, client_id="unit"),
        lambda settings: create_broker(settings, client_id="unit"),
    ],
    ids=["producer", "consumer", "admin", "broker"],
)
async def test_every_client_of_ours_opens_such_connections(
    create: Callable[[KafkaSettings], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aiokafka.conn, "AIOKafkaConnection", AIOKafkaConnection)
    client = create(KafkaSettings())
    try:
        assert aiokafka.conn.AIOKafkaConnection is Connection
    finally:
        await (client.close() if isinstance(client, AIOKafkaAdminClient) else client.stop())
