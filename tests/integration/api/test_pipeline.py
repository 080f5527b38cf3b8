"""What operators are told of the pipeline, from a real log."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from tests.events import message
from tests.integration.api.conftest import PARTITIONS, Api
from tests.integration.api.documents import ORGANIZATION, api_key_document

from waypost_api.settings import ApiSettings
from waypost_common.documents import NO_OFFSET
from waypost_common.events import encode_event, key_of
from waypost_common.kafka import create_admin
from waypost_common.topics import EVENTS, EVENTS_DLQ, topic_name, topic_names
from waypost_store.setup.offsets import offset_changes

EVENT = message("M1", envelope={"session": "mine", "organization": ORGANIZATION})


@pytest.fixture
async def operator(database: Any) -> str:
    await database["api_keys"].insert_one(api_key_document("operator", ["operator"]))
    return "wa_operator"


async def test_lag_throughput_dead_letters_and_hops_are_told(
    settings: ApiSettings, live_api: Api, database: Any, operator: str
) -> None:
    events, letters = (topic_name(settings.kafka, topic) for topic in (EVENTS, EVENTS_DLQ))
    await database["generations"].insert_one({"_id": "live", "generation": 1})
    await database["positions"].insert_many(
        [
            {"_id": f"1|{number}", "generation": 1, "partition": number, "offset": NO_OFFSET, "eventId": None,
             "timestamp": None, "logStart": 0}
            for number in range(PARTITIONS)
        ]
    )  # fmt: skip
    admin = create_admin(settings.kafka, client_id="test")
    await admin.start()
    for change in await offset_changes(admin, settings.kafka, dict.fromkeys(topic_names(settings.kafka), PARTITIONS)):
        await change.apply()
    await admin.close()
    operation = {
        "organization": ORGANIZATION,
        "command": "chat.update",
        "createdAt": 1_000,
        "expiresAt": datetime.now(UTC) + timedelta(days=1),
    }
    await database["operations"].insert_many(
        [
            operation | {"_id": "cmd_1", "status": "succeeded", "finishedAt": 1_040},
            operation | {"_id": "cmd_2", "status": "expired", "finishedAt": 9_000},
            operation | {"_id": "cmd_3", "status": "pending", "finishedAt": None},
        ]
    )
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap_servers) as producer:
        for _ in range(3):
            await producer.send_and_wait(events, encode_event(EVENT), key=key_of(EVENT).encode())
        await producer.send_and_wait(letters, b"{", headers=[("dlq-reason", b"not_json")])
    answer = await live_api.get("/pipeline", key=operator)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["generation"] == 1
    ingest = next(group for group in told["groups"] if group["group"].endswith("waypost.ingest"))
    assert (ingest["lag"], ingest["members"]) == (3, 0)
    assert ingest["oldestUnprocessedMs"] >= 0
    assert told["eventsPerSecond"]["last60s"] == pytest.approx(3 / 60, abs=0.01)
    assert [(queue["count"], queue["byReason"]) for queue in told["deadLetters"]] == [(1, {"not_json": 1}), (0, {})]
    hops = {hop["hop"]: hop for hop in told["hops"]}
    assert hops["chat_command_to_outcome"] == {"hop": "chat_command_to_outcome", "count": 1, "p50Ms": 40, "p99Ms": 40}
    assert hops["logged_to_read"]["count"] == 0
    assert (await live_api.get("/pipeline", key=operator)).json()["partitions"] == told["partitions"]


async def test_it_is_for_operators_alone(api: Api) -> None:
    assert (await api.get("/pipeline")).status_code == 403


async def test_without_kafka_it_is_503_soon(api: Api, database: Any, operator: str) -> None:
    await database["generations"].insert_one({"_id": "live", "generation": 1})
    answer = await api.get("/pipeline", key=operator)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "gateway_unavailable")
