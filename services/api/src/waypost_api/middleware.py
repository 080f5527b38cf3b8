"""Around every request: an id, a bound on how many are under way, figures, and the last net for errors."""

import re
import time
from collections.abc import Callable
from typing import Final

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from ulid import ULID

from waypost_api.metrics import Metrics
from waypost_common.errors import UnavailableError
from waypost_common.tracing import NO_TRACING, Kind, Span, Tracing
from waypost_common.trail import SANE_REQUEST_ID, Trail

log = structlog.stdlib.get_logger(__name__)

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
NO_OPERATION: Final = "none"
RenderError = Callable[[Scope, Exception], Response]
PROBES: Final = frozenset({"/healthz", "/readyz"})
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS: Final = READING | {"POST", "PUT", "PATCH", "DELETE"}


class RequestMiddleware:
    """The outermost: what every response has, and every request leaves behind."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, tracing: Tracing = NO_TRACING) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trail = _trail(scope)
        span = self._span(scope, trail)
        scope["waypost.trail"] = trail.under(span.traceparent)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=trail.request_id)
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", f"{trail.request_id}".encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            operation, seconds = scope.get("waypost.operation", NO_OPERATION), time.perf_counter() - started
            self._metrics.requests.labels(operation, str(status)).inc()
            if "waypost.lasting" not in scope:
                self._metrics.latency.labels(operation).observe(seconds)
            quiet = scope["path"] in PROBES or (scope["method"] in READING and status < 500)
            say = log.debug if quiet else log.info
            span.end({"http.response.status_code": status}, name=operation, failed=status >= 500)
            say("answered", operation=operation, status=status, ms=round(seconds * 1_000, 1))

    def _span(self, scope: Scope, trail: Trail) -> Span:
        """Never with the path, which may hold a JID. Probes are not told: there would be little else."""
        tracing = NO_TRACING if scope["path"] in PROBES else self._tracing
        attributes = {"http.request.method": scope["method"]} if scope["method"] in METHODS else {}
        return tracing.span("request", Kind.SERVER, parent=trail.traceparent, attributes=attributes)


class AdmissionMiddleware:
    """Bounds the requests under way, and answers every error that nobody below has answered."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, max_in_flight: int, render: RenderError) -> None:
        self._app = app
        self._metrics = metrics
        self._max_in_flight = max_in_flight
        self._render = render
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        inside = True

        def leave() -> None:
            nonlocal inside
            if inside:
                inside = False
                self._in_flight -= 1
                self._metrics.in_flight.set(self._in_flight)

        scope["waypost.leave_admission"] = leave
        self._in_flight += 1
        self._metrics.in_flight.set(self._in_flight)
        try:
            await self._admitted(scope, receive, send_noted)
        except ClientDisconnect:
            log.debug("client_left")
        except Exception as error:  # noqa: BLE001  (the last net: a caller never sees a stack trace)
            response = self._render(scope, error)
            if not begun:
                await response(scope, receive, send)
        finally:
            leave()

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._in_flight > self._max_in_flight and scope["path"] not in PROBES:
            raise UnavailableError("too many requests are under way; try again")
        await self._app(scope, receive, send)


def _trail(scope: Scope) -> Trail:
    """With the request's own id, where that is sane, else a new one; and its trace, where it brings one."""
    request_id, traceparent = "", ""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            request_id = value.decode("latin-1")
        elif name == b"traceparent":
            traceparent = value.decode("latin-1")
    return Trail(
        request_id if SANE_REQUEST_ID.fullmatch(request_id) else new_request_id(),
        traceparent if _TRACEPARENT.fullmatch(traceparent) else None,
    )


def new_request_id() -> str:
    return f"req_{ULID()}"
