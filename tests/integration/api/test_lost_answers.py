"""Clients that look for an answer only after they have sent all: they get the one that was given before."""

import asyncio
import signal
import socket
from typing import Any

import httpx
from tests.integration.api.conftest import eventually
from tests.integration.api.documents import chat_document
from tests.integration.api.test_hostile_connections import CHAT, HOST, LIST, PATCH, parsed, served
from tests.integration.api.test_process import answers, api_process

from waypost_api.settings import ApiSettings

LENGTH = 4 * 1024 * 1024
REPEATS = 25
TOO_LONG = b"Content-Length: %d\r\n\r\n" % LENGTH + b"x" * LENGTH
TOO_LONG_IN_CHUNKS = (
    b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n%b\r\n" % (b"x" * 65_536) * (LENGTH // 65_536) + b"0\r\n\r\n"
)
UNREAD = {
    "unauthorized": (401, PATCH.replace(b"wa_all", b"wa_x") + b"Connection: close\r\n" + TOO_LONG),
    "no such route": (404, b"POST /nothing HTTP/1.1\r\nConnection: close\r\n" + HOST + TOO_LONG),
    "no such method": (405, b"PUT /api/v1/sessions HTTP/1.1\r\nConnection: close\r\n" + HOST + TOO_LONG_IN_CHUNKS),
    "HTTP/1.0": (404, b"POST /nothing HTTP/1.0\r\n" + HOST + TOO_LONG),
    "no host": (400, b"POST /api/v1/sessions HTTP/1.1\r\n" + TOO_LONG),
    "malformed chunk": (400, PATCH + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + b"x" * 1_000_000),
    "no HTTP": (400, b"\0" * 1_000_000),
    "a long header": (431, LIST + HOST + b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\n"),
}


def sent_then_answered(port: int, request: bytes) -> bytes:
    """Sends all, and then reads until the server closes. Raises ConnectionError when the server resets the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(request)
        answer = b""
        while chunk := client.recv(65_536):
            answer += chunk
        return answer


async def test_a_body_that_is_too_long_gets_its_413_every_time(settings: ApiSettings, database: Any) -> None:
    await database["chats"].insert_one(chat_document(CHAT))
    async with served(settings) as port:
        for body in (TOO_LONG, TOO_LONG_IN_CHUNKS):
            for _ in range(REPEATS):
                status, headers, told = parsed(await asyncio.to_thread(sent_then_answered, port, PATCH + body))
                assert (status, told["error"]["code"], headers["connection"]) == (413, "validation_error", "close")


async def test_no_other_answer_is_lost_with_what_was_not_read(settings: ApiSettings, database: Any) -> None:
    async with served(settings) as port:
        for name, (expected, request) in UNREAD.items():
            for _ in range(5):
                status, _, told = parsed(await asyncio.to_thread(sent_then_answered, port, request))
                assert status == expected, name
                assert told["error"]["code"], name


async def test_sigterm_ends_a_connection_whose_body_is_not_sent_yet(settings: ApiSettings, database: Any) -> None:
    head = b"POST /nothing HTTP/1.1\r\nConnection: close\r\n" + HOST + b"Content-Length: 999\r\n\r\n"
    async with httpx.AsyncClient() as client:
        with api_process(settings, WAYPOST_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1") as (process, address, _):
            await eventually(lambda: answers(client, f"{address}/healthz"))
            reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
            writer.write(head)
            assert (await reader.read()).startswith(b"HTTP/1.1 404 ")
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 8) == 0
            writer.close()
