"""Whether a command may start, before its operation is claimed. Pure."""

from collections.abc import Mapping

from waypost_common.claims import SESSION_NOT_FOUND, TOO_LATE, Decision, Start
from waypost_common.commands import SessionCreateCommand, StoreCommand
from waypost_common.identifiers import EpochMs, SessionId
from waypost_store.known_sessions import KnownSession


def decide(command: StoreCommand, sessions: Mapping[SessionId, KnownSession], *, now: EpochMs) -> Decision:
    """`sessions`: those that exist. Another organization's, and a removed one, read as none at all (rule R8)."""
    known = sessions.get(command.session)
    if known is None:
        may = isinstance(command, SessionCreateCommand)
    else:
        may = known.organization == command.organization and not known.removed
    if not may:
        return SESSION_NOT_FOUND
    if now > command.deadline:
        return TOO_LATE
    return Start()
