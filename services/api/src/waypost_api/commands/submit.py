"""From an authenticated request to a command, and to its outcome."""

from typing import TypedDict

import structlog

from waypost_api.call import Call
from waypost_api.client_leaving import client_leaving
from waypost_api.commands.execute import Submission
from waypost_api.queries.scope import Scope
from waypost_common.commands import Actor, CommandEnvelope
from waypost_common.identifiers import CommandId, EpochMs, OrganizationId, SessionId, new_command_id
from waypost_common.outcomes import Outcome


class CommandFields(TypedDict):
    """What every command carries beside its payload."""

    id: CommandId
    session: SessionId
    organization: OrganizationId
    actor: Actor
    issued_at: EpochMs
    deadline: EpochMs


def command_fields(call: Call, scope: Scope, *, deadline_ms: int | None = None) -> CommandFields:
    """`deadline_ms` from now; that of store commands when None."""
    now, command = call.now(), new_command_id()
    structlog.contextvars.bind_contextvars(command=command, session=scope.session)
    return {
        "id": command,
        "session": scope.session,
        "organization": scope.organization,
        "actor": call.principal.actor(),
        "issued_at": now,
        "deadline": EpochMs(now + (deadline_ms or call.state["settings"].commands.deadline_ms)),
    }


def submission_of(
    call: Call,
    command: CommandEnvelope,
    *,
    request_hash: str,
    generation: int,
    idempotency_key: str | None = None,
    backend: str | None = None,
) -> Submission:
    return Submission(
        command=command,
        backend=backend,
        request_hash=request_hash,
        idempotency_key=idempotency_key,
        generation=generation,
        trail=call.trail,
    )


async def outcome_of(call: Call, submission: Submission) -> Outcome:
    """What `CommandExecutor.run` returns and raises. The request's body must have been read to its end."""
    async with client_leaving(call.request) as gone:
        return await call.state["executor"].run(submission, gone=gone)
