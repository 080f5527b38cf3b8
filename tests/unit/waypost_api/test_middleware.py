"""What every request leaves behind in the log, and what its commands take along."""

from typing import Any

import pytest
import structlog
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from waypost_api.metrics import Metrics
from waypost_api.middleware import RequestMiddleware
from waypost_common.trail import Trail

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
Headers = list[tuple[bytes, bytes]]


async def request(headers: Headers, *, method: str = "PATCH", path: str = "/", status: int = 200) -> tuple[Trail, list[Any]]:
    """The trail that the handler saw, and the lines of the log."""
    seen: list[Trail] = []

    async def handler(scope: Scope, _receive: Receive, send: Send) -> None:
        seen.append(scope["waypost.trail"])
        scope["waypost.operation"] = "updateChat"
        structlog.contextvars.bind_contextvars(command="cmd_1", session="S1")
        await send({"type": "http.response.start", "status": status})

    async def receive() -> Message:
        raise NotImplementedError

    async def send(_message: Message) -> None:
        pass

    middleware = RequestMiddleware(handler, metrics=Metrics())
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await middleware({"type": "http", "method": method, "headers": headers, "path": path}, receive, send)
    return seen[0], lines


async def test_the_callers_request_id_and_trace_go_along() -> None:
    trail, _ = await request([(b"x-request-id", b"abc-1"), (b"traceparent", TRACE.encode())])
    assert trail == Trail("abc-1", TRACE)


@pytest.mark.parametrize("given", [b"", b"a b", b"x" * 65, b"\xff"])
async def test_a_request_id_that_is_not_sane_is_replaced(given: bytes) -> None:
    trail, _ = await request([(b"x-request-id", given)])
    assert (trail.request_id or "").startswith("req_")


@pytest.mark.parametrize("given", [b"", b"00-x", TRACE.upper().encode(), b"0" * 8_000])
async def test_what_is_no_trace_context_is_dropped(given: bytes) -> None:
    trail, _ = await request([(b"traceparent", given)])
    assert trail.traceparent is None


async def test_a_change_is_logged_with_the_ids_of_its_request_command_and_session() -> None:
    _, [line] = await request([(b"x-request-id", b"abc-1")])
    assert line.pop("ms") >= 0
    ids = {"request_id": "abc-1", "command": "cmd_1", "session": "S1"}
    assert line == {"event": "answered", "log_level": "info", "operation": "updateChat", "status": 200} | ids


@pytest.mark.parametrize(("status", "level"), [(200, "debug"), (404, "debug"), (503, "info")])
async def test_reading_is_logged_where_that_fails_or_somebody_debugs(status: int, level: str) -> None:
    _, [line] = await request([], method="GET", status=status)
    assert line["log_level"] == level


async def test_a_probe_that_finds_the_service_not_ready_is_no_news() -> None:
    _, [line] = await request([], method="GET", path="/readyz", status=503)
    assert line["log_level"] == "debug"
