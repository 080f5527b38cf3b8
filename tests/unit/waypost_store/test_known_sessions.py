"""What a session's document says to the store."""

from typing import Any

import pytest

from waypost_store.known_sessions import known_session

CONNECTED = {
    "organization": "org_1",
    "removed": False,
    "status": "working",
    "operations": ["message.send", "chat.update"],
    "backend": "simulated",
}


def push_backend(**changes: Any) -> str | None:
    return known_session(CONNECTED | changes, backends=("simulated", "other")).push_backend


def test_a_connected_session_that_lists_it_is_told_of_chat_flags() -> None:
    assert push_backend() == push_backend(backend=None) == "simulated"


@pytest.mark.parametrize(
    "changes", [{"status": "starting"}, {"operations": ["message.send"]}, {"operations": None}, {"backend": "of another product"}]
)
def test_one_that_is_not_connected_or_cannot_is_not(changes: dict[str, Any]) -> None:
    assert push_backend(**changes) is None
