"""Answers that are given before a request's body came, over real sockets: what the server then still reads, and for how long."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from tests.processes import eventually
from uvicorn.server import ServerState

from waypost_api.http_protocol import BoundedProtocol
from waypost_api.lingering_close import LINGER_S
from waypost_api.settings import HttpSettings

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n{"
ANSWER = b"not now"


async def refusing(_scope: Any, _receive: Any, send: Any) -> None:
    """An application that answers without reading."""
    headers = [(b"content-length", b"%d" % len(ANSWER)), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


@asynccontextmanager
async def served(settings: HttpSettings | None = None) -> AsyncIterator[tuple[int, ServerState]]:
    """The port of a server in this process, and its connections."""
    state = ServerState()
    config = uvicorn.Config(refusing, ws="none", lifespan="off", log_config=None)

    def protocol() -> BoundedProtocol:
        return BoundedProtocol(config=config, server_state=state, app_state={}, settings=settings or HttpSettings())

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], state
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        await eventually(lambda: not state.connections, "every connection is closed")


async def answered(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection whose request is answered, while its body is not sent yet. The server sends no more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    assert (await reader.read()).endswith(ANSWER)
    return reader, writer


async def send_without_end(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 10_000)
        await writer.drain()


async def test_a_client_that_sends_nothing_more_is_closed_after_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waypost_api.lingering_close.LINGER_S", 0.3)
    async with served() as (port, state):
        started = time.monotonic()
        _, writer = await answered(port)
        await eventually(lambda: not state.connections, "the connection is closed")
        assert 0.3 <= time.monotonic() - started < LINGER_S
        writer.close()


async def test_a_client_that_drips_is_closed_after_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waypost_api.lingering_close.LINGER_S", 0.3)

    async with served() as (port, state):
        started = time.monotonic()
        _, writer = await answered(port)

        def closed_on_one_who_drips() -> bool:
            writer.write(b"x")
            return not state.connections

        await eventually(closed_on_one_who_drips, "the connection is closed")
        assert time.monotonic() - started < LINGER_S
        writer.close()


async def test_a_client_that_never_stops_sending_is_cut_after_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waypost_api.http_protocol.LINGER_BYTES", 100_000)
    async with served() as (port, state):
        started = time.monotonic()
        _, writer = await answered(port)
        writer.write(b"x" * 90_000)
        await writer.drain()
        assert state.connections
        with pytest.raises(ConnectionError):
            await send_without_end(writer)
        await eventually(lambda: not state.connections, "the connection is closed")
        assert time.monotonic() - started < LINGER_S
        writer.close()


async def test_a_client_that_closes_is_not_waited_for() -> None:
    async with served() as (port, state):
        started = time.monotonic()
        _, writer = await answered(port)
        writer.close()
        await eventually(lambda: not state.connections, "the connection is closed")
        assert time.monotonic() - started < LINGER_S


async def test_what_comes_after_the_answer_is_not_kept() -> None:
    async with served() as (port, state):
        _, writer = await answered(port)
        (connection,) = state.connections
        assert isinstance(connection, BoundedProtocol)
        before = len(connection.cycle.body)
        writer.write(b"x" * 4_000_000)
        await writer.drain()
        assert len(connection.cycle.body) == before
        writer.close()


async def test_a_client_that_may_still_send_counts_against_the_most_connections() -> None:
    async with served(HttpSettings(max_connections=1)) as (port, state):
        _, writer = await answered(port)
        assert len(state.connections) == 1
        reader, second = await asyncio.open_connection("127.0.0.1", port)
        assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
        second.close()
        writer.close()


async def test_the_end_of_the_process_waits_for_no_such_client() -> None:
    async with served() as (port, state):
        started = time.monotonic()
        _, writer = await answered(port)
        for connection in list(state.connections):
            connection.shutdown()
        await eventually(lambda: not state.connections, "the connection is closed")
        assert time.monotonic() - started < LINGER_S
        writer.close()


async def test_a_request_that_came_whole_is_closed_at_once() -> None:
    async with served() as (port, state):
        started = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{")
        assert (await reader.read()).endswith(ANSWER)
        await eventually(lambda: not state.connections, "the connection is closed")
        assert time.monotonic() - started < LINGER_S
        writer.close()
