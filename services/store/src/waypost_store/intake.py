"""From a record to a command, or to the reason why it never can be one. Pure."""

from dataclasses import dataclass

from waypost_common.commands import STORE_COMMAND_ADAPTER, StoreCommand, key_of_command
from waypost_common.consumption import Record
from waypost_common.dead_letters import DeadLetter, DeadLetterReason
from waypost_common.outcomes import OUTCOME_ADAPTER, Outcome
from waypost_common.record_values import parse_value
from waypost_common.trail import NO_TRAIL, Trail, trail_of


@dataclass(frozen=True)
class Accepted:
    record: Record
    command: StoreCommand
    trail: Trail = NO_TRAIL


def read_command(record: Record) -> Accepted | DeadLetter:
    command: StoreCommand | DeadLetter = parse_value(record, STORE_COMMAND_ADAPTER)
    if isinstance(command, DeadLetter):
        return command
    if record.key != key_of_command(command).encode():
        detail = "the key must be <session>|<chatJid>, or <session> for a session"
        return DeadLetter(record=record, reason=DeadLetterReason.WRONG_KEY, detail=detail)
    return Accepted(record, command, trail_of(record.headers))


def read_outcome(record: Record) -> Outcome | DeadLetter:
    return parse_value(record, OUTCOME_ADAPTER)
