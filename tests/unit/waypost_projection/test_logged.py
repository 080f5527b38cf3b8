"""A record of the log is an event, or it can never be one and says why (rule R5)."""

import json
from typing import Any

import pytest
from aiokafka.structs import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.waypost_common.samples import ALICE, COMMAND_ID, MESSAGE, NOW, event_json

from waypost_common.consumption import Record
from waypost_common.dead_letters import DeadLetter, DeadLetterReason
from waypost_common.trail import Trail
from waypost_projection.logged import CommandMark, Logged, decode

KEY = f"S1|{ALICE}".encode()
MESSAGE_TO_ALICE = event_json("message", MESSAGE | {"chatJid": ALICE})


def record(value: Any, key: bytes | None = KEY, headers: Any = ()) -> Record:
    data = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
    return ConsumerRecord(
        topic="wa.events",
        partition=3,
        offset=7,
        timestamp=NOW,
        timestamp_type=0,
        key=key,
        value=data,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=headers,
    )


def dead(one: Record, **limits: Any) -> DeadLetter:
    found = decode(one, **limits)
    assert isinstance(found, DeadLetter)
    assert found.record is one
    return found


def command_of(**headers: bytes | None) -> CommandMark | None:
    found = decode(record(MESSAGE_TO_ALICE, headers=[(name.replace("_", "-"), value) for name, value in headers.items()]))
    assert isinstance(found, Logged)
    return found.command


def test_an_event_stands_where_its_record_stood() -> None:
    found = decode(record(MESSAGE_TO_ALICE))
    assert isinstance(found, Logged)
    assert (found.event.event, found.partition, found.offset, found.command) == ("message", 3, 7, None)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\x00",
        b"not json",
        b'{"schema": "v1"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    ],
)
def test_what_is_not_json_is_said_to_be_so(value: bytes | None) -> None:
    assert dead(record(value)).reason is DeadLetterReason.NOT_JSON


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"timestamp": "yesterday"}, "message.timestamp"),
        ({"timestamp": int("9" * 400)}, "message.timestamp"),
        ({"payload": MESSAGE | {"chatJid": "nobody"}}, "message.payload.chatJid"),
        ({"event": "message.exploded"}, "a kind that is not in the catalogue"),
        ({"event": None}, ""),
    ],
)
def test_an_event_of_another_form_names_the_field(change: dict[str, Any], detail: str) -> None:
    letter = dead(record(MESSAGE_TO_ALICE | change))
    assert letter.reason is DeadLetterReason.SCHEMA_VIOLATION
    assert letter.detail.startswith(detail)


@pytest.mark.parametrize(
    "change",
    [
        {"event": "hunter2"},
        {"id": "hunter2"},
        {"session": "hunter2 "},
        {"payload": MESSAGE | {"body": ["hunter2"]}},
        {"payload": MESSAGE | {"senderJid": "hunter2"}},
        {"payload": "hunter2"},
    ],
)
def test_the_reason_never_repeats_what_the_record_holds(change: dict[str, Any]) -> None:
    assert "hunter2" not in dead(record(MESSAGE_TO_ALICE | change)).detail


def test_an_event_of_the_largest_size_is_taken_and_one_byte_more_is_not() -> None:
    size = len(json.dumps(MESSAGE_TO_ALICE))
    assert isinstance(decode(record(MESSAGE_TO_ALICE), max_bytes=size), Logged)
    letter = dead(record(MESSAGE_TO_ALICE), max_bytes=size - 1)
    assert letter.reason is DeadLetterReason.TOO_LARGE
    assert str(size) in letter.detail


@pytest.mark.parametrize("key", [None, b"", b"S1", b"S2|" + ALICE.encode(), b"\xff"])
def test_an_event_under_a_key_that_is_not_its_own_is_refused(key: bytes | None) -> None:
    assert dead(record(MESSAGE_TO_ALICE, key)).reason is DeadLetterReason.WRONG_KEY


@given(value=st.binary(max_size=200), key=st.none() | st.binary(max_size=20))
def test_no_bytes_whatever_break_the_decoder(value: bytes, key: bytes | None) -> None:
    assert isinstance(decode(record(value, key)), DeadLetter)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(field=st.sampled_from(sorted(MESSAGE_TO_ALICE)), value=JSON)
def test_no_value_in_place_of_a_field_breaks_the_decoder(field: str, value: Any) -> None:
    assert isinstance(decode(record(MESSAGE_TO_ALICE | {field: value})), DeadLetter | Logged)


@given(field=st.sampled_from(sorted(MESSAGE)), value=JSON)
def test_no_value_in_a_payload_breaks_the_decoder(field: str, value: Any) -> None:
    changed = MESSAGE_TO_ALICE | {"payload": MESSAGE_TO_ALICE["payload"] | {field: value}}
    assert isinstance(decode(record(changed)), DeadLetter | Logged)


def test_headers_tell_the_command_that_caused_an_event() -> None:
    assert command_of(
        command=COMMAND_ID.encode(),
        command_last=b"true",
        command_deadline=b"1719662410000",
        command_result=b'{"jid":"x"}',
        request_id=b"req_1",
    ) == CommandMark(
        id=COMMAND_ID,  # type: ignore[arg-type]
        last=True,
        deadline=1_719_662_410_000,  # type: ignore[arg-type]
        result='{"jid":"x"}',
        trail=Trail("req_1", None),
    )


def test_a_command_may_say_no_more_than_its_id() -> None:
    assert command_of(command=COMMAND_ID.encode()) == CommandMark(
        id=COMMAND_ID,  # type: ignore[arg-type]
        last=False,
        deadline=None,
        result=None,
    )


@pytest.mark.parametrize("text", [b"", b"-1", b"1.5", b"soon", "١٢".encode(), b"9" * 16, None])
def test_a_deadline_that_is_no_time_is_none(text: bytes | None) -> None:
    mark = command_of(command=COMMAND_ID.encode(), command_deadline=text)
    assert mark is not None
    assert mark.deadline is None


@pytest.mark.parametrize("text", [b"", b"cmd_x", b"\xff", COMMAND_ID.encode() + b"\n", None])
def test_an_event_with_a_command_that_is_none_is_an_event_without_one(text: bytes | None) -> None:
    assert command_of(command=text) is None


def test_other_headers_tell_no_command() -> None:
    assert command_of(event=b"message", traceparent=b"00-x") is None


def test_the_effective_time_is_judged_against_the_envelope() -> None:
    found = decode(record(MESSAGE_TO_ALICE))
    assert isinstance(found, Logged)
    assert found.effective(NOW + 2 * 86_400_000) == NOW  # type: ignore[arg-type]
