import orjson
import pytest
from tests.events import ALICE, event, message
from tests.unit.waypost_api.events.records import raw_record, record_of, status_record

from waypost_api.events.shown import shown, summary_of
from waypost_common.consumption import Record
from waypost_common.events import Event, encode_event, key_of


def told(record: Record) -> dict[str, object]:
    summary = summary_of(record)
    assert summary is not None
    body = shown(record, summary)
    assert body is not None
    found: dict[str, object] = orjson.loads(body)
    return found


def payload_of(one: Event) -> dict[str, object]:
    payload = told(record_of(one))["payload"]
    assert isinstance(payload, dict)
    return payload


def test_the_envelope_has_its_seven_fields_and_no_other() -> None:
    one = message("M1")
    with_more = orjson.dumps(orjson.loads(encode_event(one)) | {"internal": 1})
    found = told(raw_record(with_more, key_of(one)))
    assert set(found) == {"schema", "id", "event", "session", "organization", "timestamp", "payload"}
    assert (found["id"], found["event"], found["timestamp"]) == (one.id, "message", one.timestamp)


def test_what_the_parts_of_the_gateway_tell_each_other_is_not_shown() -> None:
    assert told(status_record(fence=7, gatewayId="gw-1"))["payload"] == {"status": "working", "gatewayId": "gw-1"}
    flags = {"chatJid": ALICE, "change": "archived", "archived": True}
    assert payload_of(event("chat.update", flags | {"requires": "stored"})) == flags


def test_a_field_of_a_payload_that_is_not_in_the_catalogue_is_not_shown() -> None:
    one = event("call.incoming", {"callId": "C1", "from": ALICE, "timestamp": 1, "isGroup": False})
    value = orjson.loads(encode_event(one))
    value["payload"]["later"] = "?"
    assert told(raw_record(orjson.dumps(value), key_of(one)))["payload"] == orjson.loads(encode_event(one))["payload"]


def test_a_message_has_media_also_where_the_log_leaves_it_out() -> None:
    assert payload_of(message("M1"))["media"] is None


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (b"", "S1"),
        (b"not json", "S1"),
        (b"[]", "S1"),
        (b'{"event": 1, "session": "S1", "organization": "org_1", "timestamp": 1, "payload": {}}', "S1"),
        (b'{"event": "message", "session": "S1", "organization": "org_1", "timestamp": true}', "S1"),
    ],
)
def test_what_is_no_event_has_no_summary(value: bytes, key: str) -> None:
    assert summary_of(raw_record(value, key)) is None


def test_what_ingest_sets_aside_is_not_shown() -> None:
    for record in (
        raw_record(encode_event(message("M1")), "S1|another@s.whatsapp.net"),
        raw_record(encode_event(message("M1")), None),
        raw_record(encode_event(message("M1")).replace(b'"chatJid"', b'"chat"'), f"S1|{ALICE}"),
    ):
        summary = summary_of(record)
        assert summary is not None
        assert shown(record, summary) is None


def test_codes_that_pair_a_phone_are_noticed() -> None:
    codes = [
        event("auth.qr", {"code": "2@secret"}),
        event("auth.code", {"code": "ABCD-1234"}),
        event("auth.code", {"jid": ALICE}),
        message("M1"),
    ]
    summaries = [summary_of(record_of(one)) for one in codes]
    assert [summary.has_code for summary in summaries if summary is not None] == [True, True, False, False]
