"""Health and metrics of a service on a port of its own: `/healthz`, `/readyz`, `/metrics`."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from waypost_common.listening import listening_at
from waypost_common.settings import MetricsSettings

log = structlog.stdlib.get_logger(__name__)

REQUEST_TIMEOUT_S = 5
CHECK_TIMEOUT_S = 2.5
"""Below what those who ask wait for an answer: docker-compose.yml 3 s."""
MAX_REQUEST_BYTES = 8_192

Readiness = Callable[[], Awaitable[str | None]]
"""None when ready, else one line that says what is missing."""


@asynccontextmanager
async def serve_probes(settings: MetricsSettings, registry: CollectorRegistry, readiness: Readiness) -> AsyncIterator[int]:
    """Serves for as long as the context is open and yields the port. A few lines of HTTP/1.0: probes need no framework.

    Raises CannotRunError when the port is taken. `readiness` is awaited on each `/readyz`.
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

    with listening_at("WAYPOST_METRICS_PORT"):
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
            missing = await what_is_missing(readiness)
            if missing is None:
                return "200 OK", "text/plain", b"ready\n"
            return "503 Service Unavailable", "text/plain", f"{missing}\n".encode()
        case b"/metrics":
            try:
                return "200 OK", CONTENT_TYPE_LATEST, generate_latest(registry)
            except Exception:
                log.exception("metrics_failed")
                return "500 Internal Server Error", "text/plain", b"a figure could not be told: see the log\n"
        case _:
            return "404 Not Found", "text/plain", b"try /healthz, /readyz or /metrics\n"


async def what_is_missing(readiness: Readiness) -> str | None:
    """What `readiness` says. Never raises: a check that fails or takes too long is what is missing, named by its function."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await readiness()
    except TimeoutError as error:
        return f"the check {_function_of(error.__cause__ or error)} took longer than {CHECK_TIMEOUT_S:g} s"
    except Exception as error:  # noqa: BLE001 - whatever it is, the service is not ready
        check, kind = _function_of(error), type(error).__name__
        # Without its text, which may hold a part of a document.
        log.warning("readiness_check_failed", check=check, error=kind, frames="".join(traceback.format_tb(error.__traceback__)))
        return f"the check {check} failed ({kind}): see the log"


def _function_of(error: BaseException) -> str:
    """The innermost function of ours that the error passed through."""
    names = [
        f"{frame.f_globals['__name__']}.{frame.f_code.co_qualname}"
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if frame.f_globals["__name__"].startswith("waypost_")
    ]
    return names[-1] if names else __name__
