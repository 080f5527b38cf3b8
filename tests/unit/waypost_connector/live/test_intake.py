"""From records to live commands."""

import orjson
from tests.unit.waypost_connector.live.scene import command_json, record

from waypost_common.dead_letters import DeadLetter, DeadLetterReason
from waypost_connector.live.intake import Accepted, read_live_command


def test_a_live_command_is_taken_with_its_trace() -> None:
    item = read_live_command(record(orjson.dumps(command_json("message.send"))))
    assert isinstance(item, Accepted)
    assert (item.command.command, item.trail.traceparent, item.may_wait) == ("message.send", "00-trace", False)


def test_a_key_that_is_not_the_session_is_no_command() -> None:
    letter = read_live_command(record(orjson.dumps(command_json("message.send")), key=b"S2"))
    assert isinstance(letter, DeadLetter)
    assert letter.reason is DeadLetterReason.WRONG_KEY


def test_a_command_of_the_store_is_none_of_the_connectors() -> None:
    letter = read_live_command(record(orjson.dumps(command_json("message.send") | {"command": "chat.read"})))
    assert isinstance(letter, DeadLetter)
    assert letter.reason is DeadLetterReason.SCHEMA_VIOLATION
