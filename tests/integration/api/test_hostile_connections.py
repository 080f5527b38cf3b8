"""Clients that speak HTTP badly, slowly or without end: the envelope where an answer is due, and nothing kept open."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from tests.integration.api.conftest import eventually
from tests.integration.api.documents import chat_document, message_document
from tests.integration.api.test_process import answers, api_process

from waypost_api.settings import ApiSettings

CHAT = "6281@s.whatsapp.net"
HOST = b"Host: x\r\nx-api-key: wa_all\r\n"
LIST = b"GET /api/v1/sessions/mine/chats HTTP/1.1\r\n"
PATCH = f"PATCH /api/v1/sessions/mine/chats/{CHAT} HTTP/1.1\r\n".encode() + HOST

NO_HTTP = {
    "content-length beside transfer-encoding": PATCH + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two content-lengths": PATCH + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    "negative content-length": PATCH + b"Content-Length: -5\r\n\r\n",
    "unknown transfer-encoding": PATCH + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "malformed chunk": PATCH + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "folded header": LIST + HOST + b"X-A: b\r\n c\r\n\r\n",
    "space before the colon": LIST + HOST + b"X-A : b\r\n\r\n",
    "NUL in a header": LIST + HOST + b"X-A: b\0c\r\n\r\n",
    "line feeds alone": (LIST + HOST + b"\r\n").replace(b"\r\n", b"\n"),
    "unknown method": b"FROB / HTTP/1.1\r\n" + HOST + b"\r\n",
    "CONNECT": b"CONNECT evil:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a path that is not ASCII": "GET /é HTTP/1.1\r\n".encode() + HOST + b"\r\n",
    "a NUL in the path": b"GET /\0 HTTP/1.1\r\n" + HOST + b"\r\n",
    "no host": LIST + b"x-api-key: wa_all\r\n\r\n",
    "two hosts": LIST + HOST + b"Host: y\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}
TOO_LONG = {
    "a long line": b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a long query": b"GET /api/v1/sessions?" + b"a=1&" * 25_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a long header": LIST + HOST + b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "a long name": LIST + HOST + b"a" * 70_000 + b": b\r\n\r\n",
    "many headers": LIST + HOST + b"".join(b"X-%d: a\r\n" % number for number in range(101)) + b"\r\n",
}


@asynccontextmanager
async def served(settings: ApiSettings, **others: str) -> AsyncIterator[int]:
    """The port of a process that reads, and has no Kafka."""
    with api_process(settings, WAYPOST_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1", **others) as (_, address, _):
        async with httpx.AsyncClient() as client:
            await eventually(lambda: answers(client, f"{address}/healthz"))
        yield int(address.rpartition(":")[2])


async def exchange(port: int, request: bytes) -> bytes:
    """All that is answered until the server closes; the request may be refused before it is sent whole."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = bytearray()
    try:
        async with asyncio.timeout(10):
            writer.write(request)
            while chunk := await reader.read(65_536):
                answered += chunk
    finally:
        writer.close()
    return bytes(answered)


def parsed(answer: bytes) -> tuple[int, dict[str, str], Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split(" ")[1]), headers, json.loads(body)


async def test_what_is_no_http_is_refused_in_the_envelope(settings: ApiSettings, database: Any) -> None:
    await database["chats"].insert_one(chat_document(CHAT))
    async with served(settings) as port:
        for name, request in NO_HTTP.items():
            status, headers, body = parsed(await exchange(port, request))
            assert (status, body["error"]["code"]) == (400, "validation_error"), name
            assert headers["connection"] == "close"
            assert headers["x-request-id"].startswith("req_")
            assert int(headers["content-length"]) == len(json.dumps(body, separators=(",", ":")))


async def test_a_head_without_end_is_431_and_not_kept(settings: ApiSettings, database: Any) -> None:
    async with served(settings) as port:
        for name, request in TOO_LONG.items():
            status, _, body = parsed(await exchange(port, request))
            assert (status, body["error"]["code"]) == (431, "validation_error"), name
        assert await sent_until_closed(port, b"X-A: b\r\n" * 1_000) < 10_000_000


async def sent_until_closed(port: int, more: bytes, head: bytes = LIST + HOST) -> int:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    sent = 0
    try:
        while sent < 100_000_000:
            writer.write(more)
            sent += len(more)
            await writer.drain()
    except ConnectionError:
        pass  # what is waited for
    finally:
        writer.close()
    return sent


async def test_who_dawdles_is_not_waited_for(settings: ApiSettings, database: Any) -> None:
    """An idle connection, a head that drips, and a body that is answered already and never ends."""
    unread = b"POST /api/v1/sessions/mine/messages HTTP/1.1\r\n" + HOST + b"Content-Length: 9999\r\n\r\n{"
    async with served(settings, WAYPOST_HTTP_HEAD_TIMEOUT_S="1") as port:
        assert await exchange(port, b"") == b""
        for begun in (b"\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n"):
            status, _, body = parsed(await exchange(port, begun))
            assert (status, body["error"]["code"]) == (408, "validation_error")
        status, _, body = parsed(await exchange(port, unread))
        assert (status, body["error"]["code"]) == (501, "not_implemented")


async def test_a_kept_connection_serves_on_after_the_time_for_a_head(settings: ApiSettings, database: Any) -> None:
    async with served(settings, WAYPOST_HTTP_HEAD_TIMEOUT_S="1") as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200")
            with pytest.raises(TimeoutError):  # longer than the head's time, and still open
                async with asyncio.timeout(1.3):
                    await reader.read(1)
        writer.close()


async def test_who_does_not_take_the_answer_is_cut_off(settings: ApiSettings, database: Any) -> None:
    await database["chats"].insert_one(chat_document(CHAT))
    await database["messages"].insert_many(
        [message_document(f"M{n}", CHAT, offset=n, at=n, body="x" * 50_000) for n in range(200)]
    )
    async with served(settings, WAYPOST_HTTP_WRITE_TIMEOUT_S="1") as port:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.connect(("127.0.0.1", port))
            client.sendall(f"GET /api/v1/sessions/mine/chats/{CHAT}/messages?limit=200 HTTP/1.1\r\n".encode() + HOST + b"\r\n")
            await eventually(lambda: not _is_established(client))


def _is_established(client: socket.socket) -> bool:
    (state,) = struct.unpack_from("B", client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8))
    return bool(state == 1)


async def test_a_connection_too_many_is_503_and_the_others_are_served(settings: ApiSettings, database: Any) -> None:
    async with served(settings, WAYPOST_HTTP_MAX_CONNECTIONS="2") as port:
        # The first is that of the client which asked for health; it closes in its own time.
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        answer = b""
        async with asyncio.timeout(10):
            while not answer:
                answer = await exchange(port, b"")
        status, headers, body = parsed(answer)
        assert (status, body["error"]["code"], headers["retry-after"]) == (503, "gateway_unavailable", "1")
        reader, writer = kept[-1]
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
        for _, one in kept:
            one.close()


async def test_what_follows_requests_under_way_does_not_stand_for_their_answers(settings: ApiSettings, database: Any) -> None:
    await database["chats"].insert_one(chat_document(CHAT))
    async with served(settings) as port:
        answer = await exchange(port, (LIST + HOST + b"\r\n") * 3 + b"\0garbage")
        assert answer.count(b"HTTP/1.1 200 OK") == 3
        assert answer.count(b"HTTP/1.1") == 3


async def test_requests_sent_ahead_are_answered_up_to_a_bound(settings: ApiSettings, database: Any) -> None:
    async with served(settings) as port:
        answer = await exchange(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 2_000)
        assert 10 < answer.count(b"HTTP/1.1 200 OK") <= 20
        assert b"HTTP/1.1 503" not in answer


async def test_a_body_without_end_is_not_read_on(settings: ApiSettings, database: Any) -> None:
    """As trailers, as extensions of chunks, and as the body of a request that is refused unread, kept connection or not."""
    chunked, long = b"Transfer-Encoding: chunked\r\n\r\n", b"Content-Length: 999999999999\r\n\r\n"
    endless = {
        b"X-A: b\r\n" * 1_000: chunked + b"0\r\n",
        b"1;" + b"a" * 8_000 + b"\r\nx\r\n": chunked,
        b"x" * 8_000: long,
        b"y" * 8_000: b"Connection: close\r\n" + long,
    }
    async with served(settings, WAYPOST_HTTP_MAX_BODY_BYTES="65536") as port:
        for more, start in endless.items():
            head = b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\n" + start
            assert await sent_until_closed(port, more, head) < 20_000_000


async def test_no_other_protocol_is_switched_to(settings: ApiSettings, database: Any) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n"
    async with served(settings) as port:
        answer = await exchange(port, LIST + HOST + upgrade)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b"connection: close" in answer
