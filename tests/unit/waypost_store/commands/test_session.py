"""Commands about a session say what is wanted of it."""

from typing import Any

import pytest

from waypost_common.commands import STORE_COMMAND_ADAPTER
from waypost_common.events import EVENT_ADAPTER, encode_event, key_of
from waypost_common.identifiers import EpochMs
from waypost_store.commands import event_of_command


def payload_of(name: str, **payload: Any) -> dict[str, Any]:
    command = STORE_COMMAND_ADAPTER.validate_python(
        {
            "schema": "v1",
            "id": "cmd_01J9ZX8K2QHV0M3T6R7P4N5W8C",
            "command": name,
            "session": "S1",
            "organization": "org_1",
            "actor": {"kind": "user", "id": "u"},
            "issuedAt": 1_719_662_400_000,
            "deadline": 1_719_662_410_000,
            "payload": payload,
        }
    )
    event = event_of_command(command, now=EpochMs(1_719_662_400_500), default_backend="simulated")
    assert key_of(event) == "S1"
    assert EVENT_ADAPTER.validate_json(encode_event(event)) == event
    return event.payload.model_dump(mode="json", by_alias=True, exclude_unset=True)


def test_a_new_session_keeps_what_was_given_and_waits_unless_told_to_start() -> None:
    assert payload_of("session.create", label="Shop", autoRead=True) == {
        "label": "Shop", "autoRead": True, "desired": "stopped", "backend": "simulated",
    }  # fmt: skip


def test_a_new_session_may_start_at_once_on_a_backend_of_its_own() -> None:
    assert payload_of("session.create", start=True, backend="other") == {"desired": "running", "backend": "other"}


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("session.start", {"desired": "running"}),
        ("session.stop", {"desired": "stopped"}),
        ("session.delete", {"desired": "stopped", "removed": True}),
    ],
)
def test_the_wanted_state_is_all_that_the_event_tells(command: str, wanted: dict[str, Any]) -> None:
    assert payload_of(command) == wanted
