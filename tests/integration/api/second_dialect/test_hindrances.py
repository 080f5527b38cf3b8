"""When a part of the gateway does not answer, or is at its bounds: in the dialect's shape, and soon."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr
from tests.integration.api.conftest import Api, eventually, is_ready, profiled, running_api
from tests.integration.api.documents import chat_document
from tests.integration.api.pipeline_double import PipelineDouble

from waypost_api.settings import ApiSettings, CommandSettings, HttpSettings, ReadSettings
from waypost_common.outcomes import OutcomeStatus

NUMBER, CHAT = "6281", "6281@s.whatsapp.net"
PIN = {"number": NUMBER, "pin": True}
TRIES_S = 5
"""Whoever tries waits for the time-out of reads, and for a ping."""
AGAIN = "No answer in time; the change may still be made, and may be asked for again"


@pytest.fixture(autouse=True)
async def stored_chat(database: Any) -> None:
    await database["chats"].insert_one(chat_document(CHAT))


@pytest.fixture
def without_kafka(settings: ApiSettings) -> ApiSettings:
    return settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})})


async def ask(api: Api, name: str = "pin", body: Any = PIN, **options: Any) -> tuple[int, str]:
    """The status, and what the error says."""
    content = {"json": body} if body is not None else {}
    answer = await api.client.request("POST", f"/api/chat/{name}/mine", headers={"token": "wa_all"}, **content, **options)
    assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(answer.headers)
    told = answer.json()
    assert told["success"] is (answer.status_code == 200)
    if answer.status_code != 200:
        assert (
            answer.content
            == json.dumps({"success": False, "error": {"message": told["error"]["message"]}}, separators=(",", ":")).encode()
        )
    return answer.status_code, told["message"] if told["success"] else told["error"]["message"]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (OutcomeStatus.REJECTED, "not_found", (404, "Chat not found")),
        (OutcomeStatus.REJECTED, "conflict", (409, "The operation conflicts with the present state")),
        (OutcomeStatus.NOT_SUPPORTED, None, (501, "The session's connector cannot do this")),
        (OutcomeStatus.FAILED, None, (500, "The operation failed")),
        (OutcomeStatus.EXPIRED, None, (503, AGAIN)),
        (OutcomeStatus.UNKNOWN, None, (503, AGAIN)),
    ],
)
async def test_an_outcome_other_than_success_is_an_error(
    live_api: Api, pipeline: PipelineDouble, status: OutcomeStatus, code: str | None, expected: tuple[int, str]
) -> None:
    pipeline.status, pipeline.code = status, code
    assert await ask(live_api) == expected


async def test_a_chat_that_goes_while_it_is_unmuted_is_not_muted(live_api: Api, pipeline: PipelineDouble) -> None:
    pipeline.status, pipeline.code = OutcomeStatus.REJECTED, "not_found"
    unmuted = (200, "Chat notifications unmuted successfully")
    assert await ask(live_api, "mute", {"number": NUMBER, "mute": False}) == unmuted


async def test_a_command_carries_who_asked_and_only_what_was_asked(live_api: Api, pipeline: PipelineDouble) -> None:
    await ask(live_api)
    await ask(live_api, "mute", {"number": NUMBER, "mute": False})
    pin, unmute = pipeline.commands
    assert pin.payload.model_dump(exclude_unset=True) == {"chat_jid": CHAT, "pinned": True}
    assert unmute.payload.model_dump(exclude_unset=True) == {"chat_jid": CHAT, "muted_until": None}
    assert (pin.actor.kind, pin.actor.id, pin.session, pin.organization) == ("api_key", "key_all", "mine", "org_mine")


async def test_no_outcome_in_time_is_503(settings: ApiSettings, database: Any, pipeline: PipelineDouble) -> None:
    pipeline.answers = pipeline.records_outcomes = False
    impatient = settings.model_copy(update={"commands": CommandSettings(deadline_ms=300)})
    async with running_api(impatient) as api:
        await eventually(lambda: is_ready(api))
        assert await ask(api) == (503, AGAIN)


async def test_without_kafka_it_is_503_at_once(api: Api) -> None:
    began = time.monotonic()
    assert await ask(api) == (503, "Commands cannot be taken at the moment: Kafka does not answer; try again")
    assert time.monotonic() - began < 1


async def test_without_mongodb_it_is_503_soon_and_then_at_once(without_kafka: ApiSettings) -> None:
    mongo = without_kafka.mongo.model_copy(update={"url": SecretStr("mongodb://127.0.0.1:1/?replicaSet=rs0")})
    away = without_kafka.model_copy(update={"mongo": mongo, "reads": ReadSettings(timeout_ms=500)})
    async with running_api(away) as api:
        began = time.monotonic()
        assert await ask(api) == (503, "The documents cannot be read at the moment; try again")
        assert time.monotonic() - began < TRIES_S
        began = time.monotonic()
        for _ in range(20):
            assert (await ask(api))[0] == 503
        assert time.monotonic() - began < 1


async def test_a_request_beyond_those_under_way_is_503(without_kafka: ApiSettings, database: Any) -> None:
    released, reading = asyncio.Event(), asyncio.Event()

    async def slow_body() -> AsyncIterator[bytes]:
        reading.set()
        await released.wait()
        yield b"{}"

    async def first(api: Api) -> None:
        assert (await ask(api, body=None, content=slow_body()))[0] == 400

    busy = without_kafka.model_copy(update={"http": HttpSettings(max_in_flight=1)})
    async with running_api(busy) as api, asyncio.TaskGroup() as tasks:
        tasks.create_task(first(api), name="first")
        await reading.wait()
        assert await ask(api) == (503, "Too many requests are under way; try again")
        released.set()


async def test_a_body_that_does_not_arrive_is_408(without_kafka: ApiSettings, database: Any) -> None:
    async def stuck() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with running_api(without_kafka.model_copy(update={"http": HttpSettings(body_timeout_s=0.1)})) as api:
        assert await ask(api, body=None, content=stuck()) == (408, "The body took too long to arrive")


async def test_a_fault_of_the_gateway_is_500_and_tells_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_principal: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(api.state["request_counter"], "count", fail)
    assert await ask(api) == (500, "Something went wrong inside the gateway; its log has the request id")


async def test_another_organizations_instance_costs_the_same_database_commands(api: Api, database: Any) -> None:
    asked = []
    for instance in ("theirs", "nobody"):
        await api.client.post("/api/chat/pin/theirs", headers={"token": "wa_all"})  # the caches are warm
        async with profiled(database) as commands:
            answer = await api.client.post(f"/api/chat/pin/{instance}", headers={"token": "wa_all"}, json=PIN)
        assert (answer.status_code, answer.json()["error"]["message"]) == (404, "Instance not found")
        asked.append([(one["op"], one["ns"], one.get("planSummary"), one.get("nreturned")) for one in commands])
    # What the profiler keeps of the first is told with the second.
    assert asked[0] + asked[0] == asked[1]


async def test_an_instance_is_looked_up_by_indexes_alone(api: Api, database: Any) -> None:
    async with profiled(database) as commands:
        await api.client.post("/api/chat/pin/nobody", headers={"token": "wa_all"}, json=PIN)
    plans = [one.get("planSummary", "") for one in commands if one["ns"].endswith(".sessions")]
    assert len(plans) == 2
    assert all("IXSCAN" in plan or "IDHACK" in plan or "EXPRESS" in plan for plan in plans)
