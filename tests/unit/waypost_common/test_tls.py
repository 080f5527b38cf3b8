"""TLS to a server that does not behave."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from tests.end_to_end.secured.certificates import Authority

from waypost_common.tls import client_context

SOON_SECONDS: Final = 5.0
"""asyncio would wait for 30 s."""
REQUEST: Final = b"the last request"


@contextmanager
def server_that_never_says_goodbye(certificate: Path) -> Iterator[tuple[int, list[bytes]]]:
    """Its port, and what it has received. It reads until the client has closed TLS, and leaves the connection open then."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    received: list[bytes] = []
    done = threading.Event()

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with context.wrap_socket(connection, server_side=True) as encrypted:
            while part := encrypted.recv(1_024):
                received.append(part)
            done.wait(10 * SOON_SECONDS)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        try:
            yield listening.getsockname()[1], received
        finally:
            done.set()
            thread.join()


@pytest.mark.asyncio
async def test_a_connection_is_closed_without_waiting_for_a_server_that_never_closes_its_side(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    context = client_context(str(authority.file), None, None)
    with server_that_never_says_goodbye(authority.sign("server")) as (port, received):
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        writer.write(REQUEST)
        began = time.monotonic()
        writer.close()
        await writer.wait_closed()
        took = time.monotonic() - began
    assert took < SOON_SECONDS
    assert b"".join(received) == REQUEST
