"""What a delivery becomes on Kafka, also one that a backend should never have made."""

import json
from collections.abc import Mapping
from typing import Any, cast

import orjson
import pytest
from tests.unit.waypost_connector.kept_in_memory import addresses_in_memory
from tests.unit.waypost_connector.runner_scene import DEVICE, message

from waypost_connector.backend import Delivery
from waypost_connector.fences import Hold
from waypost_connector.metrics import ConnectorMetrics
from waypost_connector.publisher import Record
from waypost_connector.session_records import MAX_RECORD_BYTES, SessionRecords

CYCLE: dict[str, Any] = {}
CYCLE["cycle"] = CYCLE


def records() -> SessionRecords:
    addresses = addresses_in_memory()
    return SessionRecords(
        DEVICE, Hold(DEVICE.session, 1), ConnectorMetrics(), addresses, gateway_id="connector-1", topic_prefix=""
    )


def headers(record: Record) -> dict[str, str]:
    return {name: text.decode() for name, text in record.headers}


@pytest.mark.parametrize(
    ("fields", "written"),
    [
        ({"body": "half an emoji \ud83d"}, "half an emoji \ud83d"),
        ({"body": b"\x00\xff"}, "b'\\x00\\xff'"),
        ({"body": 2**80}, 2**80),
    ],
)
async def test_what_json_has_no_form_for_is_set_aside_as_python_writes_it(fields: Mapping[str, Any], written: object) -> None:
    record = await records().of_delivery(message(1, **fields))
    assert record.topic == "wa.events.dlq"
    assert headers(record)["dlq-reason"] == "schema_violation"
    value = json.loads(record.value)
    assert (value["id"], value["payload"]["body"]) == (message(1).event_id, written)


@pytest.mark.parametrize("payload", [None, [1], "text", CYCLE, {(1, 2): 3}])
async def test_what_is_no_payload_at_all_is_set_aside(payload: object) -> None:
    one = message(1)
    record = await records().of_delivery(Delivery(one.event_id, 1, "message", cast("Mapping[str, Any]", payload)))
    assert record.topic == "wa.events.dlq"
    assert orjson.loads(record.value)["id"] == one.event_id


async def test_what_even_the_dead_letters_would_not_take_is_set_aside_cut() -> None:
    record = await records().of_delivery(message(1, body="x" * (MAX_RECORD_BYTES + 1)))
    assert record.topic == "wa.events.dlq"
    assert int(headers(record)["dlq-cut-from-bytes"]) > MAX_RECORD_BYTES > record.size
    assert record.value.startswith(b'{"schema": "v1"')


async def test_why_it_was_set_aside_does_not_tell_what_it_said() -> None:
    record = await records().of_delivery(message(1, body="secret \ud83d"))
    assert "secret" not in headers(record)["dlq-detail"]
