"""A document remembers the last commands it has seen."""

from waypost_common.documents import SeenCommand
from waypost_projection.fold.commands_seen import COMMANDS_KEPT, outcome_seen, remember


def test_a_command_is_remembered_with_what_was_said_of_it() -> None:
    commands = remember(remember([], "a", "succeeded"), "b", "rejected")
    assert (outcome_seen(commands, "a"), outcome_seen(commands, "b")) == ("succeeded", "rejected")
    assert outcome_seen(commands, "c") is None


def test_the_oldest_is_forgotten_first() -> None:
    commands: list[SeenCommand] = []
    for number in range(COMMANDS_KEPT + 1):
        commands = remember(commands, str(number), "succeeded")
    assert len(commands) == COMMANDS_KEPT
    assert outcome_seen(commands, "0") is None
    assert outcome_seen(commands, "1") == "succeeded"
