"""The catalogue of events: what bytes are one, which key each has, and that nothing is lost on the way through the log."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.properties.reference.histories import History, histories
from tests.unit.waypost_common.samples import ALICE, EVENT_ID, GROUP, NOW, PAYLOADS, event_json

from waypost_common.events import (
    DAY_MS,
    EVENT_ADAPTER,
    EVENT_TYPES,
    AuthCodeEvent,
    Event,
    MessageEvent,
    effective_time,
    encode_event,
    key_of,
    subject_of,
)
from waypost_common.identifiers import FOREVER, EpochMs

TIMES = st.integers(0, FOREVER).map(EpochMs)


def event(name: str, payload: dict[str, Any] | None = None, **envelope: Any) -> Event:
    return EVENT_ADAPTER.validate_json(json.dumps(event_json(name, payload, **envelope)))


def test_the_catalogue_has_seventeen_types_and_a_sample_of_each() -> None:
    assert len(EVENT_TYPES) == 17
    assert set(EVENT_TYPES) == set(PAYLOADS)


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_an_event_comes_out_of_the_log_as_it_went_in(name: str) -> None:
    made = event(name)
    assert json.loads(encode_event(made)) == event_json(name)
    assert EVENT_ADAPTER.validate_json(encode_event(made)) == made


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(history=histories(max_bursts=5))
def test_every_generated_event_comes_out_of_the_log_as_it_went_in(history: History) -> None:
    for record in history:
        made = EVENT_ADAPTER.validate_json(json.dumps(record.value))
        again = EVENT_ADAPTER.validate_json(encode_event(made))
        assert again == made
        assert key_of(again) == key_of(made) == record.key


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_the_key_names_the_session_and_what_the_event_is_about(name: str) -> None:
    subject = PAYLOADS[name][1]
    assert subject_of(event(name)) == subject
    assert key_of(event(name)) == ("S1" if subject is None else f"S1|{subject}")


def test_presence_without_a_chat_belongs_to_the_chat_of_the_person() -> None:
    assert key_of(event("presence.update", {"from": ALICE, "state": "available"})) == f"S1|{ALICE}"


def test_a_call_in_a_group_belongs_to_the_group() -> None:
    payload = {"callId": "c", "from": ALICE, "timestamp": NOW, "isGroup": True, "groupJid": GROUP}
    assert key_of(event("call.incoming", payload)) == f"S1|{GROUP}"


def test_a_device_part_is_dropped_before_keying() -> None:
    payload = PAYLOADS["message"][0] | {"chatJid": "6281:12@s.whatsapp.net"}
    assert key_of(event("message", payload)) == "S1|6281@s.whatsapp.net"


@pytest.mark.parametrize("missing", ["schema", "id", "event", "session", "organization", "timestamp", "payload"])
def test_each_field_of_the_envelope_is_required(missing: str) -> None:
    body = event_json("message")
    del body[missing]
    with pytest.raises(ValidationError):
        EVENT_ADAPTER.validate_json(json.dumps(body))


def test_the_schema_is_required_of_events_made_in_python_too() -> None:
    payload: Any = event("message").payload
    fields: Any = {"id": EVENT_ID, "event": "message", "session": "S1", "organization": "o", "timestamp": NOW}
    with pytest.raises(ValidationError, match="schema"):
        MessageEvent(**fields, payload=payload)


def test_a_field_that_is_not_known_is_ignored() -> None:
    assert event("message", future={"a": 1}) == event("message")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", "v2"),
        ("id", "evt_x"),
        ("id", "cmd_01J9ZX8K2QHV0M3T6R7P4N5W8C"),
        ("id", f"{EVENT_ID}\n"),
        ("session", "a|b"),
        ("session", ""),
        ("session", "x" * 65),
        ("session", "S1\n"),
        ("organization", "a b"),
        ("timestamp", -1),
        ("timestamp", FOREVER + 1),
        ("timestamp", 1.5),
        ("timestamp", "1719662400000"),
        ("timestamp", True),
        ("timestamp", 10**400),
        ("payload", None),
        ("payload", []),
        ("event", "message.exploded"),
        ("event", None),
    ],
)
def test_an_envelope_of_another_form_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        EVENT_ADAPTER.validate_json(json.dumps(event_json("message") | {field: value}))


@pytest.mark.parametrize("body", ["null", "[]", "1", '"message"', "{}", '{"event": []}', '{"event": {"a": 1}}'])
def test_json_that_is_no_envelope_is_refused(body: str) -> None:
    with pytest.raises(ValidationError):
        EVENT_ADAPTER.validate_json(body)


@pytest.mark.parametrize("name", ["message", "auth.code"])
def test_an_event_that_is_not_changed_keeps_which_fields_were_set(name: str) -> None:
    made = event(name)
    assert isinstance(made, MessageEvent | AuthCodeEvent)
    again = EVENT_ADAPTER.validate_json(encode_event(made))
    assert again.payload.model_fields_set == made.payload.model_fields_set


@given(whatsapp=TIMES, envelope=TIMES)
def test_the_effective_time_is_one_of_the_two_and_never_more_than_a_day_ahead(whatsapp: EpochMs, envelope: EpochMs) -> None:
    found = effective_time(whatsapp, envelope)
    assert found == (whatsapp if whatsapp <= envelope + DAY_MS else envelope)
    assert found <= envelope + DAY_MS


@given(earlier=TIMES, later=TIMES, envelope=TIMES)
def test_effective_times_keep_the_order_of_times_that_whatsapp_may_have_meant(
    earlier: EpochMs, later: EpochMs, envelope: EpochMs
) -> None:
    first, second = sorted([earlier, later])
    if second <= envelope + DAY_MS:
        assert effective_time(first, envelope) <= effective_time(second, envelope)


def test_exactly_a_day_ahead_is_still_whatsapps_time() -> None:
    assert effective_time(EpochMs(NOW + DAY_MS), EpochMs(NOW)) == NOW + DAY_MS
    assert effective_time(EpochMs(NOW + DAY_MS + 1), EpochMs(NOW)) == NOW
