"""Scripts in browsers: which origins may use the API, and what they may read of its answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.integration.api.conftest import Api, in_a_task_of_its_own, running_api

from waypost_api.settings import ApiSettings, HttpSettings

ORIGIN, ANOTHER = "https://app.example.com", "https://other.example.com"
ALLOWED = "access-control-allow-origin"
CHAT = "/api/v1/sessions/mine/chats/6281%40s.whatsapp.net"
INSTANCE = "/api/chat/mute/mine"
NEEDED = "authorization, content-type, idempotency-key, prefer, token, x-api-key"
READABLE = {"X-Request-Id", "Retry-After", "Location", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}


def allowing(settings: ApiSettings, origins: str, **http: Any) -> ApiSettings:
    """Reads only: there is no Kafka at its address."""
    nowhere = settings.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    return settings.model_copy(update={"kafka": nowhere, "http": HttpSettings(cors_origins=origins, **http)})


@pytest.fixture
async def api(settings: ApiSettings) -> AsyncIterator[Api]:
    """MongoDB holds nothing, so that every key is unknown."""
    async with in_a_task_of_its_own(running_api(allowing(settings, f"{ORIGIN}, http://localhost:5173"))) as running:
        yield running


async def preflight(api: Api, path: str, *, origin: str = ORIGIN, method: str = "PATCH", headers: str = NEEDED) -> httpx.Response:
    asked = {"origin": origin, "access-control-request-method": method, "access-control-request-headers": headers}
    return await api.client.options(path, headers=asked)


@pytest.mark.parametrize("path", [CHAT, INSTANCE])
async def test_a_preflight_needs_no_credential_and_allows_every_header_of_the_contract(api: Api, path: str) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        answer = await preflight(api, path, method=method)
        assert answer.status_code == 200
        assert answer.headers[ALLOWED] == ORIGIN
        assert method in answer.headers["access-control-allow-methods"]
        assert answer.headers["access-control-max-age"] == "600"
        assert "access-control-allow-credentials" not in answer.headers
        assert "x-request-id" in answer.headers


@pytest.mark.parametrize(
    "asked", [{"origin": ANOTHER}, {"origin": ORIGIN.upper()}, {"origin": "null"}, {"method": "TRACE"}, {"headers": "x-other"}]
)
async def test_a_preflight_for_anything_else_is_refused(api: Api, asked: dict[str, str]) -> None:
    answer = await preflight(api, CHAT, **asked)
    assert answer.status_code == 400
    if "origin" in asked:
        assert ALLOWED not in answer.headers


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        (CHAT, 401),
        (INSTANCE, 401),
        ("/nowhere", 404),
        ("/api/chat/nowhere", 404),
        ("/api/v1/sessions/a:b", 404),
    ],
)
async def test_every_answer_may_be_read_from_an_allowed_origin(api: Api, path: str, status: int) -> None:
    answer = await api.client.request("POST" if path == INSTANCE else "GET", path, headers={"origin": ORIGIN})
    assert answer.status_code == status
    assert answer.headers[ALLOWED] == ORIGIN
    assert set(answer.headers["access-control-expose-headers"].split(", ")) == READABLE
    assert "Origin" in answer.headers["vary"]


async def test_a_body_over_the_limit_is_told_to_the_script(settings: ApiSettings, database: object) -> None:
    async with running_api(allowing(settings, ORIGIN, max_body_bytes=1_024)) as api:
        for path, credential in (("/api/v1/sessions/mine:stop", "x-api-key"), (INSTANCE, "token")):
            headers = {"origin": ORIGIN, credential: "wa_all"}
            answer = await api.client.post(path, content=b" " * 1_025, headers=headers)
            assert (answer.status_code, answer.headers[ALLOWED]) == (413, ORIGIN)


async def test_an_answer_of_the_outer_layers_may_be_read_too(settings: ApiSettings, database: object) -> None:
    released, reading = asyncio.Event(), asyncio.Event()

    async def slow_body() -> AsyncIterator[bytes]:
        reading.set()
        await released.wait()
        yield b"{}"

    async with running_api(allowing(settings, ORIGIN, max_in_flight=1)) as api, asyncio.TaskGroup() as tasks:
        first = api.client.post("/api/v1/sessions/mine:stop", headers={"x-api-key": "wa_all"}, content=slow_body())
        tasks.create_task(first, name="first")
        await reading.wait()
        for path in (CHAT, INSTANCE):
            answer = await api.client.get(path, headers={"origin": ORIGIN})
            assert (answer.status_code, answer.headers[ALLOWED]) == (503, ORIGIN)
        assert (await preflight(api, CHAT)).status_code == 200
        released.set()


async def test_another_origin_is_answered_without_leave_to_read(api: Api) -> None:
    answer = await api.client.get(CHAT, headers={"origin": ANOTHER})
    assert answer.status_code == 401
    assert ALLOWED not in answer.headers


async def test_any_origin_may_be_allowed(settings: ApiSettings) -> None:
    async with running_api(allowing(settings, "*")) as api:
        answer = await api.client.get("/healthz", headers={"origin": ANOTHER})
        asked = await preflight(api, CHAT, origin=ANOTHER)
    assert answer.headers[ALLOWED] == asked.headers[ALLOWED] == "*"
    assert "access-control-allow-credentials" not in {*answer.headers, *asked.headers}


async def test_no_origin_is_allowed_by_default(settings: ApiSettings) -> None:
    async with running_api(allowing(settings, "")) as api:
        answer = await api.client.get("/healthz", headers={"origin": ORIGIN})
        asked = await preflight(api, CHAT)
    assert asked.status_code == 405
    assert not [name for name in [*answer.headers, *asked.headers] if name.startswith("access-control-")]
