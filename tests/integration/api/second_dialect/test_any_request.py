"""Whatever is sent: an answer in the dialect's shape, and never a 500."""

import asyncio
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.api.second_dialect.conftest import CACHES_OFF, Instance, System

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

METHODS = st.sampled_from(["POST", "DELETE", "POST", "DELETE", "GET", "PUT", "OPTIONS"])
NAMES = st.sampled_from(["mute", "archive", "pin", "markChatRead", "deleteChat", "block", ""])
NUMBERS = st.sampled_from(["5511987654321", "551187654321", "+62 812", "1@lid", "1@g.us", "1@newsletter", "status@broadcast", ""])
FLAGS = st.sampled_from(["mute", "archive", "pin", "read", "deleteMedia", "duration"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
SOUND = st.fixed_dictionaries({"number": NUMBERS, **{flag: st.booleans() for flag in ("mute", "archive", "pin", "read")}})
BODIES = (
    SOUND.map(orjson.dumps)
    | st.binary(max_size=100)
    | JSON.map(orjson.dumps)
    | st.builds(
        lambda number, fields: orjson.dumps({"number": number, **fields}),
        NUMBERS | st.text(max_size=40) | JSON,
        st.dictionaries(FLAGS, st.booleans() | st.sampled_from(["8h", "always", "x"]) | JSON, max_size=4),
    )
)
SEGMENTS = st.text(st.characters(codec="utf-8"), max_size=20)
STATUSES = {200, 400, 401, 403, 404, 405, 413, 429}


async def test_every_request_has_an_answer_in_the_dialects_shape(system: System, instance: Instance) -> None:
    api = await system.pipeline.start_api(**CACHES_OFF, WAYPOST_DIALECT_REQUESTS_PER_MINUTE="1000000")
    loop = asyncio.get_running_loop()
    address = f"http://127.0.0.1:{api.environment['WAYPOST_HTTP_PORT']}"
    seen: set[int] = set()

    async def check(method: str, path: str, token: bytes, body: bytes) -> None:
        answer = await client.request(method, path, headers={b"token": token}, content=body)
        seen.add(answer.status_code)
        assert answer.status_code in STATUSES, (method, path, token, body, answer.text)
        if not path.startswith("/api/chat/"):
            return
        told: dict[str, Any] = answer.json()
        assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(answer.headers)
        if answer.status_code == 200:
            assert list(told)[:3] == ["success", "message", "chat_jid"]
        else:
            assert list(told) == ["success", "error"]
            assert list(told["error"]) == ["message"]

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        method=METHODS,
        name=NAMES,
        segment=st.just(instance.session) | st.just(instance.session) | SEGMENTS,
        token=st.just(instance.token.encode()) | st.just(instance.token.encode()) | st.binary(max_size=20).map(visible),
        body=BODIES,
    )
    def any_request(method: str, name: str, segment: str, token: bytes, body: bytes) -> None:
        path = f"/api/chat/{name}/{quote(segment, safe='')}"
        asyncio.run_coroutine_threadsafe(check(method, path, token, body), loop).result(30)

    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        await asyncio.to_thread(any_request)
    assert {200, 400, 401, 404, 405} <= seen


def visible(raw: bytes) -> bytes:
    """What a header may carry."""
    return bytes(byte for byte in raw if byte >= 0x20 and byte != 0x7F).strip()
