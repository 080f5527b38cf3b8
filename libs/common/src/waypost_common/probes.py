"""Health and metrics of a service on a port of its own: `/healthz`, `/readyz`, `/metrics`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from waypost_common.settings import MetricsSettings

log = structlog.stdlib.get_logger(__name__)

REQUEST_TIMEOUT_S = 5
MAX_REQUEST_BYTES = 8_192

Readiness = Callable[[], Awaitable[str | None]]
"""None when ready, else one line that says what is missing."""


@asynccontextmanager
async def serve_probes(settings: MetricsSettings, registry: CollectorRegistry, readiness: Readiness) -> AsyncIterator[int]:
    """Serves for as long as the context is open and yields the port. A few lines of HTTP/1.0: probes need no framework.

    Raises OSError when the port is taken. `readiness` is awaited on each `/readyz` and must not block for long.
    """

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                request = await reader.readuntil(b"\r\n\r\n")
                status, content_type, body = await _answer(request, registry, readiness)
                writer.write(
                    f"HTTP/1.0 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
                    "Connection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            log.debug("probe_request_dropped")
        finally:
            writer.close()

    server = await asyncio.start_server(handle, settings.host, settings.port, limit=MAX_REQUEST_BYTES)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def _answer(request: bytes, registry: CollectorRegistry, readiness: Readiness) -> tuple[str, str, bytes]:
    target = request.split(b" ", 2)[1] if request.startswith(b"GET ") else b""
    match target.partition(b"?")[0]:
        case b"/healthz":
            return "200 OK", "text/plain", b"ok\n"
        case b"/readyz":
            missing = await readiness()
            if missing is None:
                return "200 OK", "text/plain", b"ready\n"
            return "503 Service Unavailable", "text/plain", f"{missing}\n".encode()
        case b"/metrics":
            return "200 OK", CONTENT_TYPE_LATEST, generate_latest(registry)
        case _:
            return "404 Not Found", "text/plain", b"try /healthz, /readyz or /metrics\n"
