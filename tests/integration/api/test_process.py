"""The service as it runs: a process of its own, its ports, its end."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from tests.integration.api.conftest import eventually
from tests.integration.api.documents import chat_document
from tests.integration.api.pipeline_double import PipelineDouble

from waypost_api.settings import ApiSettings

CHAT = "6281@s.whatsapp.net"
HEADERS = {"x-api-key": "wa_all"}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def api_process(settings: ApiSettings, **others: str) -> Iterator[tuple[subprocess.Popen[bytes], str, str]]:
    """The process, its address, and the address of its probes."""
    port, probes = free_port(), free_port()
    environment = {
        **os.environ,
        "WAYPOST_HTTP_PORT": str(port),
        "WAYPOST_METRICS_PORT": str(probes),
        "WAYPOST_KAFKA_BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "WAYPOST_KAFKA_TOPIC_PREFIX": settings.kafka.topic_prefix,
        "WAYPOST_MONGO_URL": settings.mongo.url.get_secret_value(),
        "WAYPOST_MONGO_DATABASE": settings.mongo.database,
        **others,
    }
    process = subprocess.Popen(
        [sys.executable, "-W", "error::ResourceWarning", "-m", "waypost_api.main"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield process, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{probes}"
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


async def answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False


async def exchange(url: str, request: bytes) -> bytes:
    """Sends bytes as they are, and returns the head of the answer."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        async with asyncio.timeout(10):
            return await reader.readuntil(b"\r\n")
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_request_under_way_is_answered_after_sigterm_and_the_process_ends_with_0(
    settings: ApiSettings, database: Any, pipeline: PipelineDouble
) -> None:
    await database["chats"].insert_one(chat_document(CHAT))
    pipeline.answers = pipeline.records_outcomes = False
    async with httpx.AsyncClient(timeout=20) as client:
        with api_process(settings, WAYPOST_COMMANDS_DEADLINE_MS="1500") as (process, address, probes):
            await eventually(lambda: answers(client, f"{address}/readyz"))
            assert await answers(client, f"{probes}/readyz")
            async with asyncio.TaskGroup() as tasks:
                request = tasks.create_task(
                    client.patch(f"{address}/api/v1/sessions/mine/chats/{CHAT}", json={"archived": True}, headers=HEADERS)
                )
                await eventually(lambda: len(pipeline.commands) == 1)
                process.send_signal(signal.SIGTERM)
            assert request.result().status_code == 503
            assert await asyncio.to_thread(process.wait, 15) == 0


async def test_a_client_that_leaves_is_not_waited_for_and_its_operation_goes_on(
    settings: ApiSettings, database: Any, pipeline: PipelineDouble
) -> None:
    await database["chats"].insert_one(chat_document(CHAT))
    pipeline.answers = pipeline.records_outcomes = False

    async def waiters(client: httpx.AsyncClient, probes: str, count: int) -> bool:
        return f"waypost_api_waiters {count}.0" in (await client.get(f"{probes}/metrics")).text

    async with httpx.AsyncClient(timeout=20) as client:
        with api_process(settings, WAYPOST_COMMANDS_DEADLINE_MS="120000") as (_, address, probes):
            await eventually(lambda: answers(client, f"{address}/readyz"))
            path = f"{address}/api/v1/sessions/mine/chats/{CHAT}"
            async with asyncio.TaskGroup() as tasks:
                request = tasks.create_task(client.patch(path, json={"archived": True}, headers=HEADERS))
                await eventually(lambda: waiters(client, probes, 1))
                await eventually(lambda: len(pipeline.commands) == 1)
                request.cancel()  # closes its connection
            await eventually(lambda: waiters(client, probes, 0))
            operation = f"{address}/api/v1/operations/{pipeline.commands[0].id}"
            assert (await client.get(operation, headers=HEADERS)).json()["status"] == "pending"


async def test_the_process_serves_health_metrics_and_its_document(settings: ApiSettings, database: Any) -> None:
    await database["chats"].insert_one(chat_document(CHAT))
    with api_process(settings, WAYPOST_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1") as (process, address, probes):
        async with httpx.AsyncClient(timeout=20) as client:
            await eventually(lambda: answers(client, f"{address}/healthz"))
            for path in ("/openapi.yaml", "/api/v1/openapi.yaml"):
                assert (await client.get(address + path)).text.startswith("openapi: 3.1.0")
            assert (await client.get(f"{address}/readyz")).status_code == 503
            await client.get(f"{address}/api/v1/sessions/mine/chats", headers=HEADERS)
            metrics = (await client.get(f"{probes}/metrics")).text
            assert 'waypost_api_requests_total{operation="listChats",status="200"} 1.0' in metrics
        key = b"x-api-key: wa_all\r\nHost: x\r\nConnection: close\r\n\r\n"
        for jid in (CHAT, CHAT.replace("@", "%40")):
            line = await exchange(address, f"GET /api/v1/sessions/mine/chats/{jid} HTTP/1.1\r\n".encode() + key)
            assert line.startswith(b"HTTP/1.1 200")
        long = await exchange(address, b"GET /api/v1/sessions/mine/chats/" + b"9" * 10_000 + b"%40lid HTTP/1.1\r\n" + key)
        assert long.startswith(b"HTTP/1.1 404")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 15) == 0


async def test_a_database_that_hangs_is_503_in_seconds_for_the_first_and_at_once_for_the_rest(settings: ApiSettings) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    url = f"mongodb://127.0.0.1:{silent.getsockname()[1]}/?directConnection=true"
    with api_process(settings, WAYPOST_MONGO_URL=url, WAYPOST_READS_TIMEOUT_MS="500") as (process, address, _):
        async with httpx.AsyncClient(timeout=20) as client:
            await eventually(lambda: answers(client, f"{address}/healthz"))
            first = await client.get(f"{address}/api/v1/sessions", headers=HEADERS)
            started = time.monotonic()
            rest = [await client.get(f"{address}/api/v1/sessions", headers=HEADERS) for _ in range(5)]
            assert time.monotonic() - started < 0.9
            assert {answer.status_code for answer in (first, *rest)} == {503}
            assert {answer.json()["error"]["code"] for answer in (first, *rest)} == {"gateway_unavailable"}
            assert (await client.get(f"{address}/api/v1/sessions")).status_code == 401
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 15) == 0
    silent.close()


@pytest.mark.parametrize(
    ("name", "value"), [("WAYPOST_HTTP_PORT", "moon"), ("WAYPOST_CURSOR_SECRET", "short"), ("WAYPOST_HTTP_NONSENSE", "1")]
)
async def test_a_wrong_setting_ends_the_process_with_one_clear_line_and_without_its_value(name: str, value: str) -> None:
    command = [sys.executable, "-m", "waypost_api.main"]
    ended = await asyncio.to_thread(subprocess.run, command, env={**os.environ, name: value}, capture_output=True, check=False)
    text = ended.stderr.decode()
    assert ended.returncode == 2
    assert text.startswith("waypost-api: WAYPOST_")
    assert "Traceback" not in text
    assert value not in text or value == "1"


@pytest.mark.parametrize("name", ["WAYPOST_HTTP_PORT", "WAYPOST_METRICS_PORT"])
async def test_a_port_in_use_ends_the_process_with_one_clear_line(settings: ApiSettings, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = {"WAYPOST_HTTP_PORT": str(free_port()), "WAYPOST_METRICS_PORT": str(free_port())}
        environment = {**os.environ, **ports, name: str(other.getsockname()[1]), "WAYPOST_LOG_LEVEL": "error"}
        command = [sys.executable, "-m", "waypost_api.main"]
        ended = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, check=False, text=True)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(f"waypost-api: cannot listen as {name} ")
    assert "Traceback" not in ended.stderr
