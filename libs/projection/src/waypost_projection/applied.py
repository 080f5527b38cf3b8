"""What a batch of events came to."""

from dataclasses import dataclass, field

from waypost_common.dead_letters import DeadLetterReason
from waypost_common.outcomes import OutcomeStatus
from waypost_projection.logged import AnyLogged, CommandMark


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """What became of a command whose last event is now readable."""

    logged: AnyLogged
    command: CommandMark
    status: OutcomeStatus


@dataclass(slots=True)
class Applied:
    """Documents are acknowledged by a majority once `ProjectionWriter.apply` returns it."""

    outcomes: list[CommandOutcome] = field(default_factory=list)
    refused: list[tuple[AnyLogged, DeadLetterReason]] = field(default_factory=list)
    """Events that belong to another organization than the chat or session they name."""
    load_s: float = field(default=0.0, compare=False)
    fold_s: float = field(default=0.0, compare=False)
    write_s: float = field(default=0.0, compare=False)
