"""From an authenticated request to a command, and to its outcome."""

import re
from typing import Final, TypedDict

from waypost_api.call import Call
from waypost_api.client_leaving import client_leaving
from waypost_api.commands.execute import Submission
from waypost_api.queries.scope import Scope
from waypost_common.commands import Actor, CommandEnvelope
from waypost_common.identifiers import CommandId, EpochMs, OrganizationId, SessionId, new_command_id
from waypost_common.outcomes import Outcome

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


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
    now = call.now()
    return {
        "id": new_command_id(),
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
    traceparent = call.request.headers.get("traceparent", "")
    return Submission(
        command=command,
        backend=backend,
        request_hash=request_hash,
        idempotency_key=idempotency_key,
        generation=generation,
        traceparent=traceparent if _TRACEPARENT.fullmatch(traceparent) else None,
    )


async def outcome_of(call: Call, submission: Submission) -> Outcome:
    """What `CommandExecutor.run` returns and raises. The request's body must have been read to its end."""
    async with client_leaving(call.request) as gone:
        return await call.state["executor"].run(submission, gone=gone)
