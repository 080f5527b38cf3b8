"""From a record to a live command, or to the reason why it never can be one. Pure."""

from dataclasses import dataclass

from waypost_common.consumption import Record
from waypost_common.dead_letters import DeadLetter, DeadLetterReason
from waypost_common.live_commands import LIVE_COMMAND_ADAPTER, LiveCommand, MessageSendCommand, key_of_live_command
from waypost_common.record_values import parse_value
from waypost_common.trail import NO_TRAIL, Trail, trail_of


@dataclass(frozen=True)
class Accepted:
    record: Record
    command: LiveCommand
    trail: Trail = NO_TRAIL

    @property
    def may_wait(self) -> bool:
        """Whether this is a send that stays queued until the session may send again."""
        return isinstance(self.command, MessageSendCommand) and self.command.payload.may_wait is True


def read_live_command(record: Record) -> Accepted | DeadLetter:
    command: LiveCommand | DeadLetter = parse_value(record, LIVE_COMMAND_ADAPTER)
    if isinstance(command, DeadLetter):
        return command
    if record.key != key_of_live_command(command).encode():
        return DeadLetter(record=record, reason=DeadLetterReason.WRONG_KEY, detail="the key must be the session")
    return Accepted(record, command, trail_of(record.headers))
