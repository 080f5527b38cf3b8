"""Whether a command may start, before its operation is claimed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from waypost_common.commands import SessionCreateCommand, StoreCommand
from waypost_common.errors import ErrorCode
from waypost_common.identifiers import EpochMs, OrganizationId, SessionId
from waypost_common.outcomes import OutcomeStatus


@dataclass(frozen=True)
class Start:
    """The command becomes its event."""


@dataclass(frozen=True, kw_only=True)
class Finish:
    """The command ends here, with this outcome."""

    status: OutcomeStatus
    code: ErrorCode
    message: str


Decision = Start | Finish

SESSION_NOT_FOUND = Finish(
    status=OutcomeStatus.REJECTED, code=ErrorCode.NOT_FOUND, message="there is no such session in this organization"
)
TOO_LATE = Finish(
    status=OutcomeStatus.EXPIRED, code=ErrorCode.GATEWAY_UNAVAILABLE, message="the deadline passed before the command was started"
)


def decide(command: StoreCommand, owners: Mapping[SessionId, OrganizationId], *, now: EpochMs) -> Decision:
    """`owners`: the organization of each session that exists. Another's session reads as none at all (rule R8)."""
    owner = owners.get(command.session)
    creates = owner is None and isinstance(command, SessionCreateCommand)
    if not creates and owner != command.organization:
        return SESSION_NOT_FOUND
    if now > command.deadline:
        return TOO_LATE
    return Start()
