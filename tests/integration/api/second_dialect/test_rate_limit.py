"""100 requests a minute and token: over all endpoints, all answers and all replicas."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.integration.api.second_dialect.conftest import CACHES_OFF, Instance, System

from waypost_common.api_keys import hash_api_key
from waypost_common.documents import Collection

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 100
MUTE = {"number": "5511999999999", "mute": True}
OVER = '{"success":false,"error":{"message":"Rate limit exceeded. Try again later."}}'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def second_replica(system: System) -> AsyncIterator[httpx.AsyncClient]:
    api = await system.pipeline.start_api(**CACHES_OFF)
    address = f"http://127.0.0.1:{api.environment['WAYPOST_HTTP_PORT']}"
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        yield client


async def spend(client: httpx.AsyncClient, token: str, requests: int, path: str = "/api/chat/pin/nobody") -> list[httpx.Response]:
    return await asyncio.gather(*(client.post(path, headers={"token": token}) for _ in range(requests)))


def remaining(answer: httpx.Response) -> int:
    return int(answer.headers["x-ratelimit-remaining"])


async def test_two_replicas_and_all_endpoints_share_one_count(
    system: System, instance: Instance, second_replica: httpx.AsyncClient
) -> None:
    begun = time.time()
    answers = await spend(system.client, instance.token, 30)
    answers += await spend(second_replica, instance.token, 30, "/api/chat/archive/nobody")
    answers += await spend(system.client, instance.token, 39, f"/api/chat/markChatRead/{instance.session}")
    assert {answer.status_code for answer in answers} == {404, 400}
    assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {str(LIMIT)}
    assert sorted(map(remaining, answers)) == list(range(1, LIMIT))
    resets = {int(answer.headers["x-ratelimit-reset"]) for answer in answers}
    assert len(resets) == 1
    assert begun + 59 <= max(resets) <= time.time() + 61

    last = await system.ask(instance, "mute", MUTE)
    assert (last.status_code, remaining(last)) == (200, 0)
    for client in (system.client, second_replica):
        (over,) = await spend(client, instance.token, 1)
        assert (over.status_code, over.text, remaining(over)) == (429, OVER, 0)
        assert int(over.headers["x-ratelimit-reset"]) in resets
        assert 1 <= int(over.headers["retry-after"]) <= 61


async def test_a_token_over_its_limit_changes_nothing_and_other_tokens_go_on(system: System, instance: Instance) -> None:
    await spend(system.client, instance.token, LIMIT)
    assert (await system.ask(instance, "mute", MUTE)).status_code == 429
    assert await system.chat(instance, "5511999999999@s.whatsapp.net") is None
    another = {"token": await system.token(instance.organization)}
    answer = await system.ask(instance, "mute", MUTE, headers=another)
    assert (answer.status_code, remaining(answer)) == (200, LIMIT - 1)


async def test_a_new_window_begins_with_the_first_request_after_the_former(system: System, instance: Instance) -> None:
    collection = system.pipeline.database[Collection.RATE_LIMITS]
    known = [one["_id"] async for one in collection.find({})]
    await spend(system.client, instance.token, LIMIT + 1)
    past = datetime.now(UTC) - timedelta(seconds=1)
    await collection.update_many({"_id": {"$nin": known}}, {"$set": {"expireAt": past}})
    (answer,) = await spend(system.client, instance.token, 1)
    assert (answer.status_code, remaining(answer)) == (404, LIMIT - 1)
    assert int(answer.headers["x-ratelimit-reset"]) >= time.time() + 58


async def test_every_answer_tells_the_allowance(system: System, instance: Instance) -> None:
    token = {"token": instance.token}
    powerless = {"token": await system.token(instance.organization, permissions="read")}
    send: list[tuple[int, Callable[[], Any]]] = [
        (200, lambda: system.ask(instance, "mute", MUTE)),
        (400, lambda: system.ask(instance, "mute", {})),
        (400, lambda: system.client.post("/api/chat/mute/", headers=token)),
        (401, lambda: system.client.post("/api/chat/mute/nobody")),
        (401, lambda: system.client.post("/api/chat/mute/nobody", headers={"token": "wa_unknown"})),
        (403, lambda: system.ask(instance, "mute", MUTE, headers=powerless)),
        (404, lambda: system.ask(instance, "pin", {"number": "1", "pin": True})),
        (404, lambda: system.client.get("/api/chat/unknown/nobody")),
        (405, lambda: system.client.get("/api/chat/mute/nobody", headers=token)),
        (413, lambda: system.ask(instance, "mute", None, content=b" " * (1024 * 1024 + 1))),
    ]
    for status, ask in send:
        answer = await ask()
        assert answer.status_code == status
        assert answer.headers["x-ratelimit-limit"] == str(LIMIT)
        assert 0 <= remaining(answer) <= LIMIT
        assert time.time() < int(answer.headers["x-ratelimit-reset"]) <= time.time() + 61


async def test_what_is_stored_tells_neither_token_nor_whose_it_is_and_expires(system: System, instance: Instance) -> None:
    await spend(system.client, instance.token, 1)
    collection = system.pipeline.database[Collection.RATE_LIMITS]
    stored = [one async for one in collection.find({})]
    assert {frozenset(one) for one in stored} == {frozenset({"_id", "count", "expireAt"})}
    key = await system.pipeline.database[Collection.API_KEYS].find_one({"hash": hash_api_key(instance.token)})
    assert key is not None
    for secret in (instance.token, key["hash"], key["_id"], instance.organization):
        assert secret not in str(stored)
    assert (await collection.index_information())["expiry"]["expireAfterSeconds"] == 0


async def test_requests_that_nobody_owns_are_not_counted(system: System, instance: Instance) -> None:
    collection = system.pipeline.database[Collection.RATE_LIMITS]
    before = await collection.count_documents({})
    for token in ("", "wa_unknown", "a.b.c"):
        assert (await spend(system.client, token, 1))[0].status_code == 401
    assert await collection.count_documents({}) == before


async def test_the_main_api_is_not_limited_by_it(system: System, instance: Instance) -> None:
    await spend(system.client, instance.token, LIMIT + 1)
    answer = await system.client.post(
        f"/api/v1/sessions/{instance.session}/chats/1@s.whatsapp.net/read", headers={"x-api-key": instance.token}
    )
    assert answer.status_code == 404
    assert "x-ratelimit-limit" not in answer.headers


async def test_the_successor_of_the_driver_counts_alike(system: System, instance: Instance) -> None:
    api = await system.pipeline.start_api(WAYPOST_MONGO_DRIVER="pymongo")
    address = f"http://127.0.0.1:{api.environment['WAYPOST_HTTP_PORT']}"
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        answers = await spend(client, instance.token, 3) + await spend(system.client, instance.token, 1)
    assert [answer.status_code for answer in answers] == [404] * 4
    assert sorted(map(remaining, answers)) == [LIMIT - 4, LIMIT - 3, LIMIT - 2, LIMIT - 1]
