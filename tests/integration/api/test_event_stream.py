"""The stream of events, on a real log."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
from aiokafka import AIOKafkaProducer
from tests.events import event, message
from tests.integration.api.conftest import PARTITIONS, Api, in_a_task_of_its_own
from tests.integration.api.documents import ORGANIZATION, OTHER_ORGANIZATION, api_key_document
from tests.integration.api.served_api import ServedApi, served_api

from waypost_api.events.resume_tokens import ResumeTokens
from waypost_api.pagination import signing_secret
from waypost_api.settings import ApiSettings, StreamSettings
from waypost_common.events import Event, encode_event, key_of
from waypost_common.identifiers import OrganizationId
from waypost_common.topics import EVENTS, topic_name

NDJSON = {"x-api-key": "wa_all"}
SSE = {**NDJSON, "Accept": "text/event-stream"}


class Log:
    def __init__(self, settings: ApiSettings, producer: AIOKafkaProducer) -> None:
        self._topic = topic_name(settings.kafka, EVENTS)
        self._producer = producer

    async def write(self, *events: Event) -> None:
        for one in events:
            await self.write_raw(encode_event(one), key_of(one))

    async def write_raw(self, value: bytes, key: str) -> None:
        await self._producer.send_and_wait(self._topic, value, key=key.encode())


@pytest.fixture
async def event_log(settings: ApiSettings, database: Any, topics: None) -> AsyncIterator[Log]:
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap_servers, linger_ms=0) as producer:
        yield Log(settings, producer)


@pytest.fixture
async def served(settings: ApiSettings, event_log: Log) -> AsyncIterator[ServedApi]:
    """Gives a sign of life each second, and lets little wait."""
    streams = StreamSettings(heartbeat_s=1, most_of_organization=3, queue_events=50, queue_bytes=65_536)
    async with in_a_task_of_its_own(served_api(settings.model_copy(update={"streams": streams}))) as one:
        yield one


@pytest.fixture
def address(served: ServedApi) -> str:
    return served.address


class Lines:
    """What a client reads of a stream, line by line."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()
        self.token: str | None = None

    async def frame(self) -> dict[str, Any]:
        """The next that is no sign of life."""
        async with asyncio.timeout(60):
            async for line in self._lines:
                if line.startswith("id: "):
                    self.token = line.removeprefix("id: ")
                if line.startswith("data: "):
                    found: dict[str, Any] = orjson.loads(line.removeprefix("data: "))
                    return found
        raise AssertionError("the stream ended")

    async def ids(self, count: int) -> list[str]:
        return [(await self.frame())["payload"]["waMessageId"] for _ in range(count)]

    async def end(self) -> None:
        async with asyncio.timeout(60):
            assert [line async for line in self._lines if line.startswith("data: ")] == []

    async def until(self, line: str) -> None:
        async with asyncio.timeout(60):
            async for one in self._lines:
                if one.startswith("id: "):
                    self.token = one.removeprefix("id: ")
                if one == line:
                    return


@asynccontextmanager
async def stream(address: str, query: str = "", **headers: str) -> AsyncIterator[Lines]:
    """After its first frame."""
    async with httpx.AsyncClient(timeout=60) as client:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        async with client.stream("GET", f"{address}/api/v1/events{query}", headers=SSE | given) as response:
            assert response.status_code == 200, await response.aread()
            lines = Lines(response)
            assert await lines.frame() == {"event": "connected", "heartbeatSeconds": 1}
            yield lines


def mine(own_id: str, *, session: str = "mine", organization: str = ORGANIZATION, **fields: Any) -> Event:
    envelope = {"session": session, "organization": organization}
    return message(own_id, envelope=envelope, **({"chat": "6281@s.whatsapp.net"} | fields))


def numbered(numbers: Iterable[int]) -> list[Event]:
    """Each in a chat of its own, so over all partitions."""
    return [mine(f"M{number}", chat=f"62{number}@s.whatsapp.net") for number in numbers]


async def test_a_stream_tells_what_comes_and_goes_on_where_it_broke(address: str, event_log: Log) -> None:
    async with stream(address) as lines:
        first = mine("M1")
        await event_log.write(
            mine("theirs", session="theirs", organization=OTHER_ORGANIZATION),
            mine("FORGED", session="theirs"),
            first,
        )
        told = await lines.frame()
        assert told | {"payload": {}} == {
            "schema": "v1", "id": first.id, "event": "message", "session": "mine", "organization": ORGANIZATION,
            "timestamp": first.timestamp, "payload": {},
        }  # fmt: skip
        assert told["payload"]["waMessageId"] == "M1"
        assert told["payload"]["media"] is None
        token = lines.token
    await event_log.write(mine("FORGED", session="theirs"), *numbered(range(2, 40)))
    async with stream(address, Last_Event_ID=str(token)) as lines:
        await event_log.write(*numbered(range(40, 60)))
        assert sorted(await lines.ids(58)) == sorted(f"M{number}" for number in range(2, 60))
        await lines.until(": ping")
        await event_log.write(mine("last"))
        assert await lines.ids(1) == ["last"]


async def test_a_stream_begins_at_a_time_and_filters(address: str, event_log: Log) -> None:
    await event_log.write(mine("M1"), mine("M2", session="second"))
    await event_log.write_raw(b"no event", "mine")
    await event_log.write(event("presence.update", {"from": "6281@s.whatsapp.net", "state": "available"},
                                session="mine", organization=ORGANIZATION))  # fmt: skip
    async with stream(address, "?since=0&session=mine&events=message,message.status") as lines:
        assert await lines.ids(1) == ["M1"]
        await event_log.write(mine("M3", session="second"), mine("M4"))
        assert await lines.ids(1) == ["M4"]


async def test_json_lines_hold_the_envelope_and_then_the_place(address: str, event_log: Log) -> None:
    await event_log.write(mine("M1"))
    url = f"{address}/api/v1/events?since=0"
    async with httpx.AsyncClient(timeout=60) as client, client.stream("GET", url, headers=NDJSON) as response:
        assert response.headers["content-type"] == "application/x-ndjson"
        read = response.aiter_lines()
        found = [orjson.loads(await anext(read)) for _ in range(3)]
    assert [frame["event"] for frame in found] == ["connected", "message", "ping"]
    async with stream(address, f"?since={found[2]['cursor']}") as lines:
        await event_log.write(mine("M2"))
        assert await lines.ids(1) == ["M2"]


REFUSED = [
    ("", "wa_reader", 403),
    ("?session=theirs", "wa_all", 404),
    ("?session=none", "wa_all", 404),
    ("?session=second", "wa_one", 404),
    ("?events=auth.qr", "wa_one", 403),
    ("?events=massage", "wa_all", 400),
    ("?since=nowhere", "wa_all", 400),
    ("?since=99999999999999999", "wa_all", 400),
    ("?events=*&events=*", "wa_all", 400),
]


async def test_a_stream_that_may_not_be_is_refused_before_kafka_is_asked(api: Api, database: Any) -> None:
    await database["api_keys"].insert_one(api_key_document("one", ["events"], session="mine"))
    answers = [await api.client.get(f"/api/v1/events{query}", headers={"x-api-key": key}) for query, key, _ in REFUSED]
    assert [answer.status_code for answer in answers] == [status for _, _, status in REFUSED]


async def test_an_organization_has_so_many_streams(address: str) -> None:
    async with stream(address), stream(address), stream(address), httpx.AsyncClient(timeout=60) as client:
        answer = await client.get(f"{address}/api/v1/events", headers=NDJSON)
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limited")
        assert answer.headers["retry-after"] == "5"


async def test_codes_that_pair_a_phone_reach_those_alone_who_may_pair_one(address: str, event_log: Log, database: Any) -> None:
    await database["api_keys"].insert_one(api_key_document("listener", ["events"]))
    ours = {"session": "mine", "organization": ORGANIZATION}
    async with stream(address) as manager, stream(address, x_api_key="wa_listener") as listener:
        await event_log.write(
            event("auth.qr", {"code": "2@secret"}, **ours), event("session.status", {"status": "working"}, **ours)
        )
        assert (await manager.frame())["event"] == "auth.qr"
        assert (await listener.frame())["event"] == "session.status"


async def test_a_stream_ends_when_its_key_is_revoked(address: str, database: Any) -> None:
    async with stream(address) as lines:
        await database["api_keys"].update_one({"_id": "key_all"}, {"$set": {"revokedAt": 1}})
        assert (await lines.frame())["error"]["code"] == "unauthorized"
        await lines.end()


async def test_a_place_that_the_log_does_not_have_ends_the_stream(settings: ApiSettings, address: str, event_log: Log) -> None:
    secret = signing_secret(settings.cursor)
    gone = ResumeTokens(secret).encode(OrganizationId(ORGANIZATION), [1_000] * PARTITIONS)
    async with stream(address, f"?since={gone}") as lines:
        assert (await lines.frame())["error"]["code"] == "conflict"
        await lines.end()


async def test_a_client_that_does_not_read_is_told_so_and_goes_on_later(address: str, event_log: Log) -> None:
    """What waits for it is bounded: the sockets' buffers take some of it, then the queue overflows."""
    large = "x" * 60_000
    async with stream(address) as lines:
        await event_log.write(*(mine(f"M{number}", body=large) for number in range(400)))
        told = []
        while (frame := await lines.frame())["event"] != "error":
            told.append(frame["payload"]["waMessageId"])
        assert frame["error"]["code"] == "rate_limited"
        assert 0 < len(told) < 400
    async with stream(address, Last_Event_ID=str(lines.token)) as lines:
        assert await lines.ids(400 - len(told)) == [f"M{number}" for number in range(len(told), 400)]


async def test_the_end_of_the_process_ends_streams_at_once(served: ServedApi, event_log: Log) -> None:
    async with stream(served.address) as lines, asyncio.timeout(60):
        served.end()
        assert (await lines.frame())["error"]["code"] == "gateway_unavailable"
        await lines.end()
        await served.ended()
