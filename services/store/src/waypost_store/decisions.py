"""Whether a command may start, before its operation is claimed. Pure."""

from collections.abc import Collection, Mapping

from waypost_common.claims import SESSION_NOT_FOUND, TOO_LATE, Decision, Finish, Start
from waypost_common.commands import SessionCreateCommand, StoreCommand
from waypost_common.errors import ErrorCode
from waypost_common.identifiers import EpochMs, SessionId
from waypost_common.outcomes import OutcomeStatus
from waypost_store.known_sessions import KnownSession


def decide(
    command: StoreCommand, sessions: Mapping[SessionId, KnownSession], *, now: EpochMs, backends: Collection[str]
) -> Decision:
    """`sessions`: those that exist. Another organization's, and a removed one, read as none at all (rule R8).

    `backends`: those that a new session may have.
    """
    known = sessions.get(command.session)
    if known is None:
        may = isinstance(command, SessionCreateCommand)
    else:
        may = known.organization == command.organization and not known.removed
    if not may:
        return SESSION_NOT_FOUND
    if now > command.deadline:
        return TOO_LATE
    if isinstance(command, SessionCreateCommand) and command.payload.backend not in (None, *backends):
        there = f"there is no such backend; it must be one of {', '.join(backends)}"
        return Finish(status=OutcomeStatus.REJECTED, code=ErrorCode.VALIDATION_ERROR, message=there)
    return Start()
