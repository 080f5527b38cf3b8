"""Clients that do not take their answer, over real sockets with small buffers."""

import asyncio
import socket
from typing import Any

import uvicorn
from tests.processes import eventually
from uvicorn.server import ServerState

from waypost_api.http_protocol import BoundedProtocol
from waypost_api.settings import HttpSettings

SMALL, LONG = 4_096, 1_000_000
LOW_WATER = 16_384
"""asyncio's: below it a transport calls resume_writing."""


async def answering(_scope: Any, _receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"%d" % LONG), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"x" * LONG})


async def test_who_takes_all_but_the_end_of_a_last_answer_is_cut_off() -> None:
    state, loop = ServerState(), asyncio.get_running_loop()
    config = uvicorn.Config(answering, ws="none", lifespan="off", log_config=None)
    settings = HttpSettings(write_timeout_s=1.0)
    with socket.socket() as listener, socket.socket() as client:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        listener.bind(("127.0.0.1", 0))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        server = await loop.create_server(
            lambda: BoundedProtocol(config=config, server_state=state, app_state={}, settings=settings), sock=listener
        )
        client.setblocking(False)
        await loop.sock_connect(client, listener.getsockname())
        await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await loop.sock_recv(client, 1)
        (connection,) = state.connections
        assert isinstance(connection, BoundedProtocol)
        while connection.transport.get_write_buffer_size() >= LOW_WATER:
            await loop.sock_recv(client, 1_024)
        assert connection.transport.get_write_buffer_size() > 0
        await eventually(lambda: not state.connections, "the connection is cut")
        server.close()
