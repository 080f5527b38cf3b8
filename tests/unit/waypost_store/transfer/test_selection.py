"""What of the log belongs into an export: what changed documents, once, without its command."""

import json
from typing import Any

from tests.events import ALICE, event, message, working_session
from tests.unit.waypost_store.records import record

from waypost_common.events import Event, encode_event, key_of
from waypost_common.identifiers import OrganizationId, SessionId, new_command_id
from waypost_store.transfer.selection import Selection, one_line

OTHER = "cmd_01J1HXVPEGTXRSAMPXE0000003"


def selection() -> Selection:
    return Selection(sessions={SessionId("S1"): OrganizationId("org_1")}, max_event_bytes=1_024)


def logged(one: Event, command: str | None = None, *, last: bool = True) -> Any:
    headers = [] if command is None else [("command", command.encode()), *([("command-last", b"true")] if last else [])]
    return record(encode_event(one), key=key_of(one).encode(), headers=headers)


def test_an_event_is_taken_as_it_was_published() -> None:
    value = encode_event(message("ONE"))[:-1] + b',\n "unknown": 1e999}'
    taken = selection().take(record(value, key=f"S1|{ALICE}".encode()))
    assert taken is not None
    assert (taken.line, taken.of_session) == (value.replace(b"\n", b" "), False)


def test_what_concerns_the_session_itself_is_told_apart() -> None:
    taken = selection().take(logged(working_session()))
    assert taken is not None
    assert taken.of_session


def test_of_other_sessions_nothing_is_taken_or_counted() -> None:
    chosen = selection()
    for one in (message("ONE", envelope={"session": "S2"}), message("ONE", envelope={"session": "S12"})):
        assert chosen.take(logged(one)) is None
    assert chosen.take(record(b"{}", key=None)) is None
    assert (chosen.taken.total(), chosen.left_out.unusable) == (0, 0)


def test_what_ingest_sets_aside_is_left_out_and_counted() -> None:
    chosen = selection()
    theirs = message("ONE", envelope={"organization": "org_2"})
    for one in (
        record(b"{", key=b"S1"),
        logged(theirs),
        record(encode_event(message("ONE")), key=b"S1"),
        logged(message("LONG", body="x" * 1_024)),
    ):
        assert chosen.take(one) is None
    assert (chosen.taken.total(), chosen.left_out.unusable) == (0, 4)
    assert chosen.strangers == {"S1"}


def test_a_second_event_of_one_command_is_left_out() -> None:
    chosen = selection()
    read = event("chat.update", {"chatJid": ALICE, "change": "read"})
    command = new_command_id()
    assert [chosen.take(logged(read, one)) is not None for one in (command, command, OTHER, command, None, None)] == [
        True, False, True, False, True, True,
    ]  # fmt: skip
    assert chosen.left_out.repeated == 2


def test_a_command_is_known_for_as_long_as_the_fold_knows_it() -> None:
    chosen = selection()
    read = event("chat.update", {"chatJid": ALICE, "change": "read"})
    commands = [new_command_id() for _ in range(33)]
    for one in commands:
        assert chosen.take(logged(read, one)) is not None
    assert chosen.take(logged(read, commands[1])) is None
    assert chosen.take(logged(read, commands[0])) is not None


def test_of_a_session_only_a_commands_last_event_is_ever_a_repeat() -> None:
    chosen = selection()
    status = working_session()
    assert chosen.take(logged(status, OTHER)) is not None
    assert chosen.take(logged(status, OTHER, last=False)) is not None
    assert chosen.take(logged(status, OTHER)) is None


def test_line_breaks_between_the_parts_of_json_go_and_its_strings_stay() -> None:
    value = json.dumps({"a": "one\ntwo", "b": [1, 2]}, indent=1).encode()
    line = one_line(value.replace(b"\n", b"\r\n"))
    assert b"\n" not in line
    assert json.loads(line) == {"a": "one\ntwo", "b": [1, 2]}
