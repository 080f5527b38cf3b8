"""Who calls: a client with one key at one replica. What it is answered is held against the OpenAPI document."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import httpx
from tests.end_to_end.live.contract import operations

Seen = set[tuple[str, int]]
"""Operations and the statuses that they were answered with."""

CLOSES_WITHIN_S = 15.0


class Caller:
    def __init__(self, port: int, key: str | None, seen: Seen) -> None:
        self.key = key
        self._port = port
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._seen = seen
        self._client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=self._headers, timeout=60)

    def with_key(self, key: str) -> "Caller":
        """At the same replica. To be closed by whoever asked for it."""
        return Caller(self._port, key, self._seen)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def close(self) -> None:
        await self._client.aclose()

    async def __call__(
        self, operation: str, *, names: Mapping[str, str] | None = None, url: str | None = None, **request: Any
    ) -> httpx.Response:
        """`names`: what the path names. `request`: json, content, params, headers, as httpx takes them. `url`: instead."""
        documented = operations()[operation]
        answer = await self._client.request(documented.method, url or documented.url(names or {}), **request)
        return self._checked(operation, answer)

    async def lines(self, url: str) -> AsyncGenerator[str]:
        """Of an answer that does not end by itself."""
        async with self._client.stream("GET", url) as answer:
            assert answer.status_code == 200, await answer.aread()
            async for line in answer.aiter_lines():
                yield line

    async def announce(self, operation: str, names: Mapping[str, str], *, body_bytes: int) -> httpx.Response:
        """Says that a body of that length follows, sends nothing of it, and waits until the server closes the connection."""
        documented = operations()[operation]
        head = [
            f"{documented.method} {documented.url(names)} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Content-Length: {body_bytes}",
            *(f"{name}: {value}" for name, value in self._headers.items()),
        ]
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
            async with asyncio.timeout(CLOSES_WITHIN_S):
                received = await reader.read()
        finally:
            writer.close()
        return self._checked(operation, _parsed(received))

    def _checked(self, operation: str, answer: httpx.Response) -> httpx.Response:
        self._seen.add((operation, answer.status_code))
        assert answer.headers.get("x-request-id"), f"{operation} {answer.status_code} has no X-Request-Id"
        operations()[operation].check(answer)
        return answer


def _parsed(received: bytes) -> httpx.Response:
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    return httpx.Response(int(first.split()[1]), headers=headers, content=body)


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of a refusal."""
    return answer.status_code, answer.json()["error"]["code"]
