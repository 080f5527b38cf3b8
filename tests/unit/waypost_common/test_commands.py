"""Commands: their form, their key, and what stands on the topic."""

import json
from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.waypost_common.samples import ALICE, COMMAND_ID, NOW

from waypost_common.commands import (
    STORE_COMMAND_ADAPTER,
    Actor,
    ChatCommandPayload,
    ChatReadCommand,
    StoreCommand,
    encode_command,
    key_of_command,
)
from waypost_common.identifiers import CommandId, EpochMs, Jid, OrganizationId, SessionId

PAYLOADS: dict[str, dict[str, Any]] = {
    "chat.update": {"chatJid": ALICE, "archived": True, "mutedUntil": None, "createIfMissing": True},
    "chat.read": {"chatJid": ALICE},
    "chat.unread": {"chatJid": ALICE},
    "chat.delete": {"chatJid": ALICE},
    "session.create": {"label": "Shop", "autoRead": True, "start": True, "backend": "simulated"},
    "session.delete": {},
    "session.start": {},
    "session.stop": {},
}


def command_json(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "schema": "v1",
        "id": COMMAND_ID,
        "command": name,
        "session": "S1",
        "organization": "org_1",
        "actor": {"kind": "user", "id": "u"},
        "issuedAt": NOW,
        "deadline": NOW + 10_000,
        "payload": PAYLOADS[name],
    } | changes


def command(name: str, **changes: Any) -> StoreCommand:
    return STORE_COMMAND_ADAPTER.validate_json(json.dumps(command_json(name, **changes)))


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_command_comes_out_of_the_log_as_it_went_in(name: str) -> None:
    made = command(name)
    assert json.loads(encode_command(made)) == command_json(name)
    assert STORE_COMMAND_ADAPTER.validate_json(encode_command(made)) == made


def test_a_command_made_in_python_names_itself_and_its_schema() -> None:
    made = ChatReadCommand(
        id=CommandId(COMMAND_ID),
        session=SessionId("S1"),
        organization=OrganizationId("org_1"),
        actor=Actor(kind="user", id="u"),
        issued_at=EpochMs(NOW),
        deadline=EpochMs(NOW + 10_000),
        payload=ChatCommandPayload(chat_jid=Jid(ALICE)),
    )
    assert json.loads(encode_command(made)) == command_json("chat.read")


def test_a_mute_that_is_cleared_differs_on_the_topic_from_one_that_is_left() -> None:
    cleared, left = {"chatJid": ALICE, "mutedUntil": None}, {"chatJid": ALICE}
    assert json.loads(encode_command(command("chat.update", payload=cleared)))["payload"] == cleared
    assert json.loads(encode_command(command("chat.update", payload=left)))["payload"] == left


@pytest.mark.parametrize("name", PAYLOADS)
def test_the_key_is_that_of_the_event_the_command_becomes(name: str) -> None:
    assert key_of_command(command(name)) == (f"S1|{ALICE}" if name.startswith("chat.") else "S1")


@pytest.mark.parametrize("missing", ["id", "session", "organization", "actor", "issuedAt", "deadline", "payload", "command"])
def test_each_field_of_the_envelope_is_required(missing: str) -> None:
    body = command_json("chat.read")
    del body[missing]
    with pytest.raises(ValidationError):
        STORE_COMMAND_ADAPTER.validate_json(json.dumps(body))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", "v2"),
        ("id", "evt_01J9ZX8K2QHV0M3T6R7P4N5W8C"),
        ("actor", {"kind": "root", "id": "u"}),
        ("actor", {"kind": "user"}),
        ("deadline", -1),
        ("payload", {"chatJid": "nobody"}),
        ("payload", {}),
        ("command", "chat.explode"),
    ],
)
def test_a_command_of_another_form_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        STORE_COMMAND_ADAPTER.validate_json(json.dumps(command_json("chat.read") | {field: value}))
