"""Operations that nobody finished."""

from typing import Any

from waypost_common.identifiers import EpochMs
from waypost_common.outcomes import OutcomeStatus
from waypost_store.settings import StoreBlock
from waypost_store.sweeper import STORE_COMMANDS, verdict

BLOCK = StoreBlock(expire_after_ms=1_000, unknown_after_ms=60_000)


def ended(status: str, command: str, overdue_ms: int, **more: str) -> OutcomeStatus | None:
    operation: dict[str, Any] = {
        "_id": "cmd_01J9ZX8K2QHV0M3T6R7P4N5W8C",
        "status": status,
        "command": command,
        "deadline": 1_719_662_410_000,
    } | more
    outcome = verdict(operation, BLOCK, now=EpochMs(1_719_662_410_000 + overdue_ms))
    return None if outcome is None else outcome.status


def test_a_pending_operation_expires_a_moment_after_its_deadline() -> None:
    assert ended("pending", "chat.read", 1_000) is None
    assert ended("pending", "chat.read", 1_001) is OutcomeStatus.EXPIRED


def test_a_started_store_command_is_left_to_redelivery() -> None:
    assert ended("started", "chat.read", 10**9) is None


def test_a_started_live_command_may_have_happened() -> None:
    assert ended("started", "message.send", 60_000) is None
    assert ended("started", "message.send", 60_001) is OutcomeStatus.UNKNOWN


def test_a_push_is_live_although_its_name_is_that_of_a_store_command() -> None:
    assert ended("started", "chat.update", 10**9) is None
    assert ended("started", "chat.update", 60_001, pushOf="cmd_1") is OutcomeStatus.UNKNOWN


def test_a_finished_operation_stays_as_it_is() -> None:
    assert ended("succeeded", "message.send", 10**9) is None


def test_every_command_that_the_store_takes_counts_as_its_own() -> None:
    assert {"chat.update", "chat.delete", "session.create", "session.stop"} <= STORE_COMMANDS
    assert "message.send" not in STORE_COMMANDS
