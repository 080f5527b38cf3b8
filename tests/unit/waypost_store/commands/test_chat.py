"""Commands about a chat become one chat.update each."""

from typing import Any

import pytest

from waypost_common.commands import STORE_COMMAND_ADAPTER, key_of_command
from waypost_common.events import EVENT_ADAPTER, ChatUpdateEvent, encode_event, key_of
from waypost_common.identifiers import EpochMs
from waypost_store.commands import event_of_command

NOW = EpochMs(1_719_662_400_500)
ID = "cmd_01J9ZX8K2QHV0M3T6R7P4N5W8C"
JID = "6281234567890@s.whatsapp.net"


def event_of(name: str, **payload: Any) -> ChatUpdateEvent:
    command = STORE_COMMAND_ADAPTER.validate_python(
        {
            "schema": "v1",
            "id": ID,
            "command": name,
            "session": "S1",
            "organization": "org_1",
            "actor": {"kind": "user", "id": "u"},
            "issuedAt": 1_719_662_400_000,
            "deadline": 1_719_662_410_000,
            "payload": {"chatJid": JID, **payload},
        }
    )
    event = event_of_command(command, now=NOW, default_backend="simulated")
    assert isinstance(event, ChatUpdateEvent)
    assert key_of(event) == key_of_command(command)
    assert EVENT_ADAPTER.validate_json(encode_event(event)) == event
    return event


def payload_of(name: str, **payload: Any) -> dict[str, Any]:
    return event_of(name, **payload).payload.model_dump(mode="json", by_alias=True, exclude_unset=True)


def test_given_flags_travel_in_one_event_and_others_stay_away() -> None:
    assert payload_of("chat.update", archived=True, pinned=False) == {
        "chatJid": JID, "change": "flags", "archived": True, "pinned": False, "requires": "stored",
    }  # fmt: skip


def test_a_mute_cleared_with_null_is_told_apart_from_one_left_alone() -> None:
    assert payload_of("chat.update", mutedUntil=None)["mutedUntil"] is None
    assert "mutedUntil" not in payload_of("chat.update", archived=True)


def test_a_chat_that_may_be_made_is_not_required_to_be_stored() -> None:
    assert "requires" not in payload_of("chat.update", pinned=True, createIfMissing=True)


@pytest.mark.parametrize(("command", "change"), [("chat.read", "read"), ("chat.unread", "unread"), ("chat.delete", "deleted")])
def test_reading_and_deleting_require_a_stored_chat(command: str, change: str) -> None:
    assert payload_of(command) == {"chatJid": JID, "change": change, "requires": "stored"}


def test_a_repeated_command_becomes_an_event_of_the_same_id() -> None:
    assert event_of("chat.read").id == event_of("chat.read").id
    assert event_of("chat.read").timestamp == NOW
