"""Whether a command may start, before its operation is claimed. Pure."""

from collections.abc import Mapping

from waypost_common.claims import SESSION_NOT_FOUND, TOO_LATE, Decision, Start
from waypost_common.commands import SessionCreateCommand, StoreCommand
from waypost_common.identifiers import EpochMs, OrganizationId, SessionId


def decide(command: StoreCommand, owners: Mapping[SessionId, OrganizationId], *, now: EpochMs) -> Decision:
    """`owners`: the organization of each session that exists. Another's session reads as none at all (rule R8)."""
    owner = owners.get(command.session)
    creates = owner is None and isinstance(command, SessionCreateCommand)
    if not creates and owner != command.organization:
        return SESSION_NOT_FOUND
    if now > command.deadline:
        return TOO_LATE
    return Start()
