"""The commands that a document has seen: an event of one that comes a second time changes nothing (rule R6)."""

from typing import Final

from waypost_common.documents import SeenCommand

COMMANDS_KEPT: Final = 32


def outcome_seen(commands: list[SeenCommand], command: str) -> str | None:
    """What was said of a command that this document has seen already, or None."""
    return next((seen["status"] for seen in commands if seen["id"] == command), None)


def remember(commands: list[SeenCommand], command: str, status: str) -> list[SeenCommand]:
    seen: SeenCommand = {"id": command, "status": status}
    return [*commands, seen][-COMMANDS_KEPT:]
