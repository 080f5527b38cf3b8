"""`python -m benchmarks.programs.closed_loop`: HTTP clients that each ask again as soon as they have their answer.

Prints one JSON object: answers, errors (any status but the wanted), seconds. A parser of what our servers send, and no more:
HTTP/1.1 with Content-Length. So its own share of the CPU stays small, whatever the client library of the day.
"""

import argparse
import asyncio
import json
import time
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import cast

import uvloop

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass
class Counted:
    answers: int = 0
    errors: int = 0
    counting: bool = False


class Client(asyncio.Protocol):
    """One connection: the requests in turn, for ever."""

    def __init__(self, requests: list[bytes], status: bytes, counted: Counted) -> None:
        self._requests = cycle(requests)
        self._status = status
        self._counted = counted
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not of that class where uvloop made it.
        self._transport = cast("asyncio.WriteTransport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(END_OF_HEAD)
        if end < 0:
            return
        head = self._received[:end]
        if len(self._received) < end + len(END_OF_HEAD) + content_length(head):
            return
        self._received = b""
        if self._counted.counting:
            if head.split(b" ", 2)[1] == self._status:
                self._counted.answers += 1
            else:
                self._counted.errors += 1
        self._ask()

    def connection_lost(self, _error: Exception | None) -> None:
        self._counted.errors += 1

    def _ask(self) -> None:
        if self._transport is not None:
            self._transport.write(next(self._requests))


def content_length(head: bytes) -> int:
    """Raises ValueError for a head without: this client knows no other way to tell an answer's end."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(LENGTH):
            return int(line.removeprefix(LENGTH))
    raise ValueError("an answer without Content-Length")


def request_bytes(method: str, target: str, host: str, key: str, body: str) -> bytes:
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nx-api-key: {key}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n"
    return f"{head}\r\n{body}".encode()


async def run(
    address: tuple[str, int], requests: list[bytes], *, clients: int, warm_up: float, seconds: float, status: str
) -> dict[str, float]:
    counted = Counted()
    loop = asyncio.get_running_loop()
    transports = []
    for _ in range(clients):
        transport, _ = await loop.create_connection(lambda: Client(requests, status.encode(), counted), *address)
        transports.append(transport)
    await asyncio.sleep(warm_up)
    counted.counting, started = True, time.perf_counter()
    await asyncio.sleep(seconds)
    found = {"answers": counted.answers, "errors": counted.errors, "seconds": time.perf_counter() - started}
    for transport in transports:
        transport.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.programs.closed_loop", description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--warm-up", type=float, default=1.0, metavar="SECONDS")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--method", default="GET")
    parser.add_argument("--body", default="")
    parser.add_argument("--status", default="200", help="what an answer must have")
    parser.add_argument("--key-file", type=Path, help="holds the API key")
    parser.add_argument("targets", nargs="+", help="asked for in turn")
    arguments = parser.parse_args()
    key = arguments.key_file.read_text() if arguments.key_file else ""
    requests = [
        request_bytes(arguments.method, target, f"127.0.0.1:{arguments.port}", key, arguments.body)
        for target in arguments.targets
    ]
    counted = uvloop.run(
        run(
            ("127.0.0.1", arguments.port),
            requests,
            clients=arguments.clients,
            warm_up=arguments.warm_up,
            seconds=arguments.seconds,
            status=arguments.status,
        )
    )
    print(json.dumps(counted))


if __name__ == "__main__":
    main()
