"""Login tokens end to end: a frontend that publishes its keys, a person who calls."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from tests.integration.api.conftest import Api, in_a_task_of_its_own, running_api

from waypost_api.settings import ApiSettings, JwtSettings

KEY = ec.generate_private_key(ec.SECP256R1())
ISSUER, AUDIENCE = "https://login.example", "waypost"


@pytest.fixture
async def frontend() -> AsyncIterator[str]:
    """The address of a JWKS that holds one key."""
    body = json.dumps({"keys": [{**json.loads(ECAlgorithm.to_jwk(KEY.public_key())), "kid": "one"}]}).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json"


@pytest.fixture
async def login_api(settings: ApiSettings, database: Any, frontend: str) -> AsyncIterator[Api]:
    nowhere = settings.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    login = JwtSettings(jwks_url=frontend, issuer=ISSUER, audience=AUDIENCE)
    configured = settings.model_copy(update={"kafka": nowhere, "jwt": login})
    async with in_a_task_of_its_own(running_api(configured)) as running:
        yield running


async def status(api: Api, path: str, *, role: str, organization: str = "org_mine", method: str = "GET") -> int:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 60, "sub": "user_1", "org_id": organization, "role": role}
    token = jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": "one"})
    answer: httpx.Response = await api.client.request(method, f"/api/v1{path}", headers={"authorization": f"Bearer {token}"})
    return answer.status_code


async def test_a_person_reaches_the_sessions_of_their_own_organization_alone(login_api: Api) -> None:
    assert await status(login_api, "/sessions/mine", role="member") == 200
    assert await status(login_api, "/sessions/mine", role="owner", organization="org_theirs") == 404


async def test_a_member_does_not_manage(login_api: Api) -> None:
    assert await status(login_api, "/sessions/mine:start", role="member", method="POST") == 403
    kafka_is_away = 503
    assert await status(login_api, "/sessions/mine:start", role="admin", method="POST") == kafka_is_away


async def test_nobody_but_an_operators_key_sees_the_pipeline(login_api: Api) -> None:
    assert await status(login_api, "/pipeline", role="owner") == 403


async def test_a_platform_administrator_reaches_admin_of_every_organization_and_nothing_else(login_api: Api) -> None:
    assert await status(login_api, "/admin/sessions", role="super_admin") == 501
    assert await status(login_api, "/admin/sessions/theirs/backfill", role="super_admin") == 501
    assert await status(login_api, "/admin/sessions/none/backfill", role="super_admin") == 404
    assert await status(login_api, "/sessions/mine", role="super_admin") == 403
    assert await status(login_api, "/admin/sessions", role="owner") == 403


async def test_a_frontend_out_of_reach_is_503_for_login_tokens_and_nothing_for_keys(settings: ApiSettings, database: Any) -> None:
    login = JwtSettings(jwks_url="http://127.0.0.1:1/jwks", issuer=ISSUER, audience=AUDIENCE)
    nowhere = settings.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    async with running_api(settings.model_copy(update={"kafka": nowhere, "jwt": login})) as api:
        assert await status(api, "/sessions", role="owner") == 503
        assert (await api.get("/sessions")).status_code == 200
