"""An event that can never be applied goes to the dead-letter queue with its reason; its neighbours are stored (rule R5)."""

import asyncio
import json
from typing import Any

import pytest
from tests.events import ALICE, SESSION, message, working_session
from tests.plugins.pipeline import Pipeline

from waypost_common.events import EVENT_ADAPTER
from waypost_common.topics import EVENTS_DLQ

KEY = f"{SESSION}|{ALICE}"


def as_json(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(EVENT_ADAPTER.dump_json(message("BAD"), by_alias=True, exclude_unset=True))
    return body | changes


def without(name: str) -> dict[str, Any]:
    body = as_json()
    del body[name]
    return body


BAD = {
    "not_json": (b"\x00\xffnot json", "not_json"),
    "empty": (b"", "not_json"),
    "nested_too_deep": (b"[" * 10_000 + b"]" * 10_000, "not_json"),
    "missing_field": (json.dumps(without("session")).encode(), "schema_violation"),
    "missing_schema": (json.dumps(without("schema")).encode(), "schema_violation"),
    "wrong_type": (json.dumps(as_json(timestamp="yesterday")).encode(), "schema_violation"),
    "unknown_event": (json.dumps(as_json(event="message.exploded")).encode(), "schema_violation"),
    "lone_surrogate": (json.dumps(as_json(session="\ud800")).encode(), "not_json"),
    "another_organization": (json.dumps(as_json(organization="org_2")).encode(), "organization_mismatch"),
    "five_megabytes": (json.dumps(as_json(extra="x" * 5_000_000)).encode(), "too_large"),
    "another_chats_key": (json.dumps(as_json(session="S2")).encode(), "wrong_key"),
}


@pytest.mark.slow
async def test_every_kind_of_bad_event_is_dead_lettered_and_its_neighbours_are_stored(pipeline: Pipeline) -> None:
    await pipeline.start("waypost-ingest")
    await pipeline.publish([working_session()])
    await pipeline.until_applied()
    for number, (value, _) in enumerate(BAD.values()):
        await pipeline.publish([message(f"GOOD{number}")])
        await pipeline.publish_raw(value, KEY)
    await pipeline.publish([message("LAST")])
    await pipeline.until_applied()

    stored = [one["messageId"] async for one in pipeline.database["messages"].find({}).sort("offset", 1)]
    assert stored == [*(f"GOOD{number}" for number in range(len(BAD))), "LAST"]

    letters = {record.value: dict(record.headers) for record in await pipeline.read_all(EVENTS_DLQ)}
    assert {name: letters[value]["dlq-reason"].decode() for name, (value, _) in BAD.items()} == {
        name: reason for name, (_, reason) in BAD.items()
    }
    for headers in letters.values():
        assert headers["dlq-origin-topic"].decode().endswith("wa.events")
        assert headers["dlq-origin-offset"].isdigit()
        assert b"Hello" not in headers["dlq-detail"]


async def test_a_bad_event_that_was_the_last_one_is_not_dead_lettered_again_by_the_next_start(pipeline: Pipeline) -> None:
    first = await pipeline.start("waypost-ingest")
    await pipeline.publish([working_session(), message("FIRST")])
    mismatch, _ = BAD["another_organization"]
    await pipeline.publish_raw(mismatch, KEY)
    await pipeline.until_applied()
    assert await asyncio.to_thread(first.end) == 0
    await pipeline.start("waypost-ingest")
    await pipeline.publish([message("LAST")])
    await pipeline.until_applied()
    assert [record.value for record in await pipeline.read_all(EVENTS_DLQ)] == [mismatch]


@pytest.mark.slow
async def test_a_record_that_the_client_library_cannot_parse_is_dead_lettered_too(pipeline: Pipeline) -> None:
    """Its header's name is not UTF-8, which clients in other languages may write."""
    await pipeline.start("waypost-ingest")
    others = [message(f"OTHER{number}", chat=f"628123456{number:04}@s.whatsapp.net") for number in range(50)]
    await pipeline.publish([message("BEFORE"), *others[:25]])
    offset = await pipeline.publish_unreadable(KEY)
    await pipeline.publish([message("AFTER"), *others[25:]])
    await pipeline.until_applied()
    assert await pipeline.database["messages"].count_documents({}) == 2 + len(others)
    (letter,) = await pipeline.read_all(EVENTS_DLQ)
    assert int(dict(letter.headers)["dlq-origin-offset"]) == offset


@pytest.mark.slow
async def test_a_topic_of_nothing_but_bad_events_stops_the_service_with_a_clear_error(pipeline: Pipeline) -> None:
    for _ in range(60):
        await pipeline.publish_raw(b"nonsense", KEY)
    ingest = pipeline.process("waypost-ingest", WAYPOST_DEADLETTERS_CONSECUTIVE="50")
    ingest.start()
    assert ingest.wait() == 1
    assert "in a row could not be applied" in ingest.log
