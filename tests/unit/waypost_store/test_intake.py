"""Records that can never be commands are told from those that can."""

from typing import Any

import pytest
from tests.unit.waypost_store.records import COMMAND_ID, JID, command_json, record

from waypost_common.dead_letters import DeadLetter, DeadLetterReason
from waypost_common.events import MAX_EVENT_BYTES
from waypost_common.outcomes import Outcome, OutcomeStatus
from waypost_store.intake import Accepted, read_command, read_outcome


def reason(value: Any, **options: Any) -> DeadLetterReason:
    read = read_command(record(value, **options))
    assert isinstance(read, DeadLetter)
    return read.reason


def test_a_command_is_accepted_with_the_trace_it_came_with() -> None:
    read = read_command(record(command_json(), headers=(("traceparent", b"00-a-b-01"),)))
    assert isinstance(read, Accepted)
    assert read.command.id == COMMAND_ID
    assert read.trail.traceparent == "00-a-b-01"


@pytest.mark.parametrize("value", [None, b"", b"{", b"\xff\xfe", b"[" * 10_000])
def test_what_is_not_json_is_dead(value: bytes | None) -> None:
    assert reason(value) is DeadLetterReason.NOT_JSON


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "cmd_1"},
        {"command": "chat.explode"},
        {"deadline": "soon"},
        {"deadline": -1},
        {"payload": {}},
        {"payload": {"chatJid": "a" * 10_000}},
        {"session": "../S1"},
        {"actor": None},
    ],
)
def test_what_breaks_the_contract_is_dead(changes: dict[str, Any]) -> None:
    assert reason(command_json(**changes)) is DeadLetterReason.SCHEMA_VIOLATION


def test_a_record_over_a_mebibyte_is_dead_unread() -> None:
    assert reason(b" " * (MAX_EVENT_BYTES + 1)) is DeadLetterReason.TOO_LARGE


@pytest.mark.parametrize("key", [None, b"S1", f"S2|{JID}".encode(), b"\xff"])
def test_a_key_that_would_break_the_chats_order_is_dead(key: bytes | None) -> None:
    assert reason(command_json(), key=key) is DeadLetterReason.WRONG_KEY


def test_the_detail_names_the_field_and_never_its_value() -> None:
    read = read_command(record(command_json(payload={"chatJid": "secret text"})))
    assert isinstance(read, DeadLetter)
    assert "chatJid" in read.detail
    assert "secret" not in read.detail


def test_an_outcome_is_read_from_its_bytes() -> None:
    value = {"schema": "v1", "command": COMMAND_ID, "status": "succeeded", "at": 5, "code": None, "later": 1}
    assert read_outcome(record(value)) == Outcome(command=COMMAND_ID, status=OutcomeStatus.SUCCEEDED, at=5)  # type: ignore[arg-type]
