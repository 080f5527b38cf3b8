"""How a request is carried through as a command: once for each idempotency key, awaited or not, its outcome answered."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from starlette.responses import Response

from waypost_api import query_parameters
from waypost_api.call import Call
from waypost_api.client_leaving import client_leaving
from waypost_api.commands.answers import error_of_outcome
from waypost_api.commands.execute import CommandExecutor
from waypost_api.commands.operations import hash_of_request
from waypost_api.commands.submit import CommandFields, command_fields, outcome_of, submission_of
from waypost_api.json_response import JsonResponse
from waypost_api.operation import API_PREFIX
from waypost_api.queries.scope import Scope
from waypost_api.views.operations import operation_view
from waypost_common.commands import CommandEnvelope
from waypost_common.documents import OperationDocument
from waypost_common.errors import ValidationFailedError
from waypost_common.outcomes import Outcome

_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a request asks for."""

    scope: Scope
    names_session: bool = True
    """False where the request makes the session: then every request has another."""
    subject: str
    """What the path names: with `fingerprint`, equal for requests that ask the same."""
    fingerprint: dict[str, Any]
    command: Callable[[CommandFields], CommandEnvelope]
    backend: str | None = None
    """Whose connectors carry it out; None: the store does."""
    deadline_ms: int | None = None
    """From now; that of store commands when None."""
    validation_status: int = 400
    """How a body that the executor refuses is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A success to be answered."""

    outcome: Outcome
    replayed: bool


Answer = Callable[[Done], Awaitable[Response]]
Accepted = Callable[[OperationDocument, bool], Response]
"""Answers 202, from the operation's record and whether it was there before."""


def responds_async(call: Call) -> bool:
    preferences = {part.strip().lower() for part in call.request.headers.get("prefer", "").split(",")}
    return bool(query_parameters.boolean(call.request, "async")) or "respond-async" in preferences


async def earlier_request(call: Call) -> OperationDocument | None:
    """The record of the request that came before under this one's `Idempotency-Key`."""
    key = call.request.headers.get("idempotency-key")
    if key is None or not _IDEMPOTENCY_KEY.fullmatch(key):
        return None
    return await call.state["operations"].find_by_key(call.principal.organization, key)


def operation_accepted(operation: OperationDocument, _replayed: bool) -> Response:
    return JsonResponse(operation_view(operation), status=202, headers={"Location": location_of(operation)})


def location_of(operation: OperationDocument) -> str:
    return f"{API_PREFIX}/operations/{operation['_id']}"


async def carry_through(
    call: Call,
    wanted: Wanted,
    *,
    earlier: OperationDocument | None,
    answer: Answer,
    accepted: Accepted = operation_accepted,
) -> Response:
    """The body must have been read. Of a request whose key came before, the first outcome is answered and nothing runs.

    Raises ConflictError when that key was used for another request, and what `CommandExecutor.run` raises.
    """
    key = checked_key(call)
    session = wanted.scope.session if wanted.names_session else ""
    request_hash = hash_of_request(call.operation, session, wanted.subject, wanted.fingerprint)
    wait = not responds_async(call)
    if earlier is not None:
        structlog.contextvars.bind_contextvars(command=earlier["_id"], session=earlier["session"])
        executor: CommandExecutor = call.state["executor"]
        if not wait:
            await executor.accept_again(earlier, request_hash, trail=call.trail)
            return accepted(earlier, True)
        async with client_leaving(call.request) as gone:
            outcome = await executor.replay(
                earlier, request_hash, generation=wanted.scope.generation, gone=gone, trail=call.trail
            )
        return await _answered(outcome, wanted, answer, replayed=True)
    command = wanted.command(command_fields(call, wanted.scope, deadline_ms=wanted.deadline_ms))
    submission = submission_of(
        call,
        command,
        request_hash=request_hash,
        idempotency_key=key,
        generation=wanted.scope.generation,
        backend=wanted.backend,
    )
    if not wait:
        operation = await call.state["executor"].start(submission)
        return accepted(operation, operation["_id"] != command.id)
    return await _answered(await outcome_of(call, submission), wanted, answer, replayed=False)


def checked_key(call: Call) -> str | None:
    key: str | None = call.request.headers.get("idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise ValidationFailedError("Idempotency-Key must be 1 to 255 visible ASCII characters")
    return key


def check_options(call: Call) -> None:
    """Where there is nothing to carry through. Raises ValidationFailedError for what would have been refused then."""
    checked_key(call)
    responds_async(call)


async def _answered(outcome: Outcome, wanted: Wanted, answer: Answer, *, replayed: bool) -> Response:
    error = error_of_outcome(outcome, validation_status=wanted.validation_status)
    if error is not None:
        raise error
    return await answer(Done(outcome=outcome, replayed=replayed))
