"""What is pushed, and what becomes of it."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.waypost_store.records import JID, command_json

from waypost_common.claims import Start
from waypost_common.commands import STORE_COMMAND_ADAPTER, encode_command
from waypost_common.identifiers import EpochMs
from waypost_common.live_commands import LIVE_COMMAND_ADAPTER
from waypost_common.outcomes import OperationStatus, PushStatus
from waypost_store.push.wanted import push_command, push_status, with_push

NOW = EpochMs(1_719_662_400_000)


def noted(payload: dict[str, Any], *, command: str = "chat.update", backend: str | None = "simulated") -> Mapping[str, Any]:
    asked = STORE_COMMAND_ADAPTER.validate_python(command_json(command=command, payload={"chatJid": JID} | payload))
    return with_push(asked, Start(), backend).noted


def wanted(payload: dict[str, Any], **options: Any) -> list[str] | None:
    found = noted(payload, **options)
    return found["wantedPush"]["flags"] if found else None


@pytest.mark.parametrize(
    ("payload", "flags"),
    [
        ({"archived": False}, ["archived"]),
        ({"mutedUntil": None}, ["mutedUntil"]),
        ({"archived": True, "pinned": False, "mutedUntil": 5}, ["archived", "pinned", "mutedUntil"]),
        ({}, None),
    ],
)
def test_only_the_flags_that_were_given_are_pushed(payload: dict[str, Any], flags: list[str] | None) -> None:
    assert wanted(payload) == flags


def test_a_push_is_pending_from_the_claim_on() -> None:
    assert noted({"pinned": True})["push"] == "pending"


def test_what_nobody_can_tell_whatsapp_is_not_pushed() -> None:
    assert wanted({"pinned": True}, backend=None) is None


@pytest.mark.parametrize("command", ["chat.read", "chat.unread", "chat.delete"])
def test_what_whatsapp_is_not_to_know_is_not_pushed(command: str) -> None:
    assert wanted({}, command=command) is None


def pushed(flags: list[str], **chat: Any) -> dict[str, Any]:
    operation = {
        "_id": "cmd_01J9ZX8K2QHV0M3T6R7P4N5W8C",
        "session": "S1",
        "organization": "org_1",
        "wantedPush": {"backend": "simulated", "chatJid": JID, "flags": flags},
    }
    stored = {"archived": True, "pinned": False, "mutedUntil": None} | chat
    command = push_command(operation, stored, issued_at=NOW, deadline=EpochMs(NOW + 30_000), now=NOW)
    assert LIVE_COMMAND_ADAPTER.validate_json(encode_command(command)) == command
    return command.payload.model_dump(by_alias=True, exclude_unset=True)


def test_a_push_has_the_values_of_the_stored_chat() -> None:
    assert pushed(["archived", "pinned"], pinned=True) == {"chatJid": JID, "archived": True, "pinned": True}


def test_a_mute_that_was_cleared_or_is_over_is_pushed_as_none() -> None:
    assert pushed(["mutedUntil"]) == {"chatJid": JID, "mutedUntil": None}
    assert pushed(["mutedUntil"], mutedUntil=NOW) == {"chatJid": JID, "mutedUntil": None}
    assert pushed(["mutedUntil"], mutedUntil=NOW + 1) == {"chatJid": JID, "mutedUntil": NOW + 1}


@pytest.mark.parametrize("status", ["rejected", "failed", "expired", "unknown"])
def test_whatever_else_a_push_ends_with_is_a_failure(status: str) -> None:
    assert push_status(OperationStatus(status)) is PushStatus.FAILED


def test_a_push_that_succeeded_or_cannot_be_says_so() -> None:
    assert push_status(OperationStatus.SUCCEEDED) is PushStatus.SUCCEEDED
    assert push_status(OperationStatus.NOT_SUPPORTED) is PushStatus.NOT_SUPPORTED
