"""The shape of the commands that connectors carry out."""

import json
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from waypost_common.commands import encode_command
from waypost_common.live_commands import LIVE_COMMAND_ADAPTER, REPEATABLE, WITHOUT_CONNECTION, LiveCommand, key_of_live_command

ALICE = "6281234567890@s.whatsapp.net"
CHANNEL = "120363012345678901@newsletter"
PAYLOADS: dict[str, dict[str, Any]] = {
    "session.restart": {},
    "session.logout": {},
    "session.pair": {"phone": "628123456789"},
    "channel.create": {"name": "City News", "description": "Daily"},
    "channel.follow": {"jid": CHANNEL},
    "channel.unfollow": {"jid": CHANNEL},
    "channel.mute": {"jid": CHANNEL, "mute": False},
    "message.send": {"to": ALICE, "type": "text", "text": "Hello", "replyTo": "3EB0A1", "mentions": [ALICE]},
    "message.edit": {"chatJid": ALICE, "messageId": "3EB0A1", "text": "Hello!"},
    "message.revoke": {"chatJid": ALICE, "messageId": "3EB0A1", "senderJid": ALICE},
    "message.react": {"chatJid": ALICE, "messageId": "3EB0A1", "emoji": ""},
    "chat.update": {"chatJid": ALICE, "archived": True},
}


def body(name: str, /, **changes: Any) -> dict[str, Any]:
    return {
        "schema": "v1",
        "id": "cmd_01J9ZX8K2QHV0M3T6R7P4N5W8C",
        "command": name,
        "session": "S1",
        "organization": "org_1",
        "actor": {"kind": "api_key", "id": "key_1"},
        "issuedAt": 1_719_662_400_000,
        "deadline": 1_719_662_430_000,
        "payload": PAYLOADS[name] | changes,
    }


def read(name: str, /, **changes: Any) -> LiveCommand:
    return LIVE_COMMAND_ADAPTER.validate_json(json.dumps(body(name, **changes)))


def test_every_live_command_is_read_and_written() -> None:
    kinds = get_args(get_args(LiveCommand)[0])
    assert {kind.model_fields["command"].default for kind in kinds} == PAYLOADS.keys()
    assert PAYLOADS.keys() >= REPEATABLE | WITHOUT_CONNECTION
    for name in PAYLOADS:
        assert json.loads(encode_command(read(name))) == body(name)


@pytest.mark.parametrize("name", PAYLOADS)
def test_the_key_of_a_live_command_is_its_session(name: str) -> None:
    assert key_of_live_command(read(name)) == "S1"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("session.pair", {"phone": "+628123456789"}),
        ("channel.create", {"name": ""}),
        ("channel.create", {"name": "x" * 101}),
        ("channel.follow", {"jid": ALICE}),
        ("message.send", {"type": "image"}),
        ("message.send", {"text": ""}),
        ("message.send", {"to": "alice"}),
        ("message.send", {"text": 5}),
        ("message.edit", {"messageId": "with space"}),
    ],
)
def test_a_payload_that_whatsapp_could_not_take_is_refused(name: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read(name, **changes)
