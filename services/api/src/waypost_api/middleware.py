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

log = structlog.stdlib.get_logger(__name__)

_SANE_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
NO_OPERATION: Final = "none"
RenderError = Callable[[Scope, Exception], Response]
PROBES: Final = frozenset({"/healthz", "/readyz"})


class RequestMiddleware:
    """The outermost: what every response has, and every request leaves behind."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            operation = scope.get("waypost.operation", NO_OPERATION)
            self._metrics.requests.labels(operation, str(status)).inc()
            self._metrics.latency.labels(operation).observe(time.perf_counter() - started)


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
            self._in_flight -= 1
            self._metrics.in_flight.set(self._in_flight)

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._in_flight > self._max_in_flight and scope["path"] not in PROBES:
            raise UnavailableError("too many requests are under way; try again")
        await self._app(scope, receive, send)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_REQUEST_ID.fullmatch(value):
            given: str = value.decode("ascii")
            return given
    return new_request_id()


def new_request_id() -> str:
    return f"req_{ULID()}"
