"""For every test: a socket that is still connecting when the wait for it is cancelled is closed.

PyMongo 4.20 (`_async_create_connection`; PYTHON-5867) leaves it to the garbage collector when its client is closed, or a request
is cancelled, in that moment. asyncio's own connections are closed already. Any other socket that is left open fails its test.
"""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

Loop = asyncio.SelectorEventLoop
sock_connect = Loop.sock_connect


def connect_or_close(loop: Loop, connecting: socket.socket, address: Any) -> asyncio.Task[None]:
    """A task: its end is told also where it is cancelled before it began."""

    def close(task: asyncio.Task[None]) -> None:
        if task.cancelled():
            connecting.close()

    task = loop.create_task(sock_connect(loop, connecting, address), name="connect")
    task.add_done_callback(close)
    return task


@pytest.fixture(scope="session", autouse=True)
def cancelled_connects_are_closed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "sock_connect", connect_or_close)
        yield
