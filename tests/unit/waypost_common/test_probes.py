"""The probes answer on a port of their own, whatever is sent to them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge
from structlog.testing import capture_logs

from waypost_api.readiness import Readiness
from waypost_common import probes
from waypost_common.errors import CannotRunError
from waypost_common.probes import serve_probes
from waypost_common.settings import MetricsSettings

Send = Callable[[bytes], Awaitable[bytes]]


class Dependency:
    def __init__(self) -> None:
        self.missing: str | None = None
        self.error: Exception | None = None
        self.hangs = False

    async def __call__(self) -> str | None:
        if self.error is not None:
            raise self.error
        if self.hangs:
            await asyncio.Event().wait()
        return self.missing


@pytest.fixture
def dependency() -> Dependency:
    return Dependency()


@pytest.fixture
async def send(dependency: Dependency) -> AsyncIterator[Send]:
    registry = CollectorRegistry()
    Counter("events", "Events", registry=registry).inc(3)
    async with serve_probes(MetricsSettings(), registry, dependency) as port:

        async def send(request: bytes) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            writer.write_eof()
            try:
                return await reader.read()
            finally:
                writer.close()
                await writer.wait_closed()

        yield send


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


async def test_a_living_service_is_healthy(send: Send) -> None:
    answer = await send(get("/healthz"))
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nok\n")


async def test_a_service_is_ready_when_nothing_is_missing(send: Send) -> None:
    assert (await send(get("/readyz?verbose"))).startswith(b"HTTP/1.0 200 OK\r\n")


async def test_a_service_that_is_not_ready_says_what_is_missing(send: Send, dependency: Dependency) -> None:
    dependency.missing = "no partitions yet"
    answer = await send(get("/readyz"))
    assert answer.startswith(b"HTTP/1.0 503 Service Unavailable\r\n")
    assert answer.endswith(b"no partitions yet\n")


async def test_a_check_that_fails_is_what_is_missing(send: Send, dependency: Dependency) -> None:
    dependency.error = KeyError("text of a message")
    with capture_logs() as logs:
        answer = await send(get("/readyz"))
    assert answer.startswith(b"HTTP/1.0 503 Service Unavailable\r\n")
    assert answer.endswith(b"the check waypost_common.probes.what_is_missing failed (KeyError): see the log\n")
    assert [one["event"] for one in logs] == ["readiness_check_failed"]
    assert "text of a message" not in str(logs)


async def test_a_check_that_hangs_is_what_is_missing(send: Send, dependency: Dependency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "CHECK_TIMEOUT_S", 0.01)
    dependency.hangs = True
    answer = await send(get("/readyz"))
    assert answer.startswith(b"HTTP/1.0 503 Service Unavailable\r\n")
    assert answer.endswith(b" took longer than 0.01 s\n")


async def test_a_failing_check_is_named_by_the_innermost_function_of_ours() -> None:
    broken: Any = SimpleNamespace(command=None)
    check = Readiness(broken, outcomes_followed=happened(), commands_taken=happened())
    assert await probes.what_is_missing(check.missing) == (
        "the check waypost_api.readiness.Readiness.missing failed (TypeError): see the log"
    )


def happened() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


async def test_metrics_are_in_the_form_of_prometheus(send: Send) -> None:
    assert b"events_total 3.0\n" in await send(get("/metrics"))


async def test_a_figure_that_cannot_be_told_is_an_error_and_not_a_dropped_connection() -> None:
    registry = CollectorRegistry()
    Gauge("broken", "Broken", registry=registry).set_function(lambda: 1 / 0)
    with capture_logs():
        _, _, body = await probes._answer(get("/metrics"), registry, Dependency())
    assert body == b"a figure could not be told: see the log\n"


@pytest.mark.parametrize("request_bytes", [get("/"), b"POST /healthz HTTP/1.1\r\n\r\n", b"GET \r\n\r\n", b"\xff\xfe\r\n\r\n"])
async def test_anything_else_is_not_found(send: Send, request_bytes: bytes) -> None:
    assert (await send(request_bytes)).startswith(b"HTTP/1.0 404 Not Found\r\n")


@pytest.mark.parametrize("request_bytes", [b"", b"GET /healthz", b"GET /" + b"x" * 100_000], ids=["empty", "cut", "huge"])
async def test_a_request_that_never_ends_or_is_too_large_has_no_answer(send: Send, request_bytes: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        assert await send(request_bytes) == b""
    assert (await send(get("/healthz"))).endswith(b"ok\n")


async def test_a_client_that_sends_nothing_is_dropped(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "REQUEST_TIMEOUT_S", 0.01)
    async with serve_probes(MetricsSettings(), CollectorRegistry(), Dependency()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_a_port_that_is_taken_is_an_error(dependency: Dependency) -> None:
    async with serve_probes(MetricsSettings(), CollectorRegistry(), dependency) as port:
        with pytest.raises(CannotRunError, match=r"WAYPOST_METRICS_PORT says .*address already in use"):
            async with serve_probes(MetricsSettings(port=port), CollectorRegistry(), dependency):
                pass
