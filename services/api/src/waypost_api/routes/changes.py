"""How a request that changes a chat is carried through: looked up, checked, asked for as a command, answered."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pymongo.errors import PyMongoError
from starlette.responses import Response

from waypost_api import query_parameters
from waypost_api.call import Call
from waypost_api.client_leaving import client_leaving
from waypost_api.commands.answers import error_of_outcome
from waypost_api.commands.execute import require_same_request
from waypost_api.commands.operations import hash_of_request
from waypost_api.commands.submit import CommandFields, command_fields, outcome_of, submission_of
from waypost_api.json_response import JsonResponse
from waypost_api.lookups import OwnedSession, find_chat, find_session, jid_or_404
from waypost_api.operation import API_PREFIX
from waypost_api.request_body import read_body
from waypost_api.views.operations import operation_view
from waypost_common.commands import ChatCommand
from waypost_common.documents import ChatDocument, OperationDocument
from waypost_common.errors import UnavailableError, ValidationFailedError
from waypost_common.identifiers import Jid
from waypost_common.mongo import is_outage
from waypost_common.outcomes import Outcome

_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks of its chat. `fingerprint` is equal for requests that ask the same; no `command`: no change."""

    fingerprint: dict[str, Any]
    command: Callable[[CommandFields, Jid], ChatCommand] | None


ParseWish = Callable[[bytes], Wish]
"""From the body. Raises ValidationFailedError."""
Answer = Callable[[ChatDocument], Response]
"""From the chat as it is now."""


async def change_chat(call: Call, parse: ParseWish, answer: Answer | None) -> Response:
    """`answer` None is 204. A request whose idempotency key came before gets the first outcome, and nothing runs."""
    key = call.request.headers.get("idempotency-key")
    with call.reading():
        session = await find_session(call)
        asked_for = jid_or_404(call.path("cid"), "chat")
        earlier = await _earlier(call, key)
        chat = None if earlier is not None else await find_chat(call, session.scope)
    body = await read_body(call.request, call.state["settings"].http)
    wish = parse(body)
    wait = not _responds_async(call)
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise ValidationFailedError("Idempotency-Key must be 1 to 255 visible ASCII characters")
    request_hash = hash_of_request(call.operation, session.scope.session, asked_for, wish.fingerprint)

    if earlier is not None:
        require_same_request(earlier, request_hash)
        if not wait:
            return _accepted(earlier)
        async with client_leaving(call.request) as gone:
            outcome = await call.state["executor"].replay(earlier, request_hash, generation=session.scope.generation, gone=gone)
        return await _answer(call, session, outcome, answer)
    assert chat is not None  # noqa: S101  (found, or 404)
    if wish.command is None:
        return Response(status_code=204) if answer is None else answer(chat)

    command = wish.command(command_fields(call, session.scope), chat["jid"])
    submission = submission_of(call, command, request_hash=request_hash, idempotency_key=key, generation=session.scope.generation)
    if not wait:
        return _accepted(await call.state["executor"].start(submission))
    return await _answer(call, session, await outcome_of(call, submission), answer)


def simple_wish(command: Callable[[CommandFields, Jid], ChatCommand]) -> ParseWish:
    """For operations that take no body; one that is sent is ignored."""
    return lambda _body: Wish({}, command)


async def _earlier(call: Call, key: str | None) -> OperationDocument | None:
    if key is None or not _IDEMPOTENCY_KEY.fullmatch(key):
        return None
    return await call.state["operations"].find_by_key(call.principal.organization, key)


async def _answer(call: Call, session: OwnedSession, outcome: Outcome, answer: Answer | None) -> Response:
    error = error_of_outcome(outcome, validation_status=422)
    if error is not None:
        raise error
    if answer is None:
        return Response(status_code=204)
    try:
        with call.reading():
            return answer(await find_chat(call, session.scope))
    except PyMongoError as outage:
        if not is_outage(outage):
            raise
        message = "the change was made, but cannot be read at the moment"
        raise UnavailableError(message, details={"operation": outcome.command}) from outage


def _accepted(operation: OperationDocument) -> Response:
    location = f"{API_PREFIX}/operations/{operation['_id']}"
    return JsonResponse(operation_view(operation), status=202, headers={"Location": location})


def _responds_async(call: Call) -> bool:
    preferences = {part.strip().lower() for part in call.request.headers.get("prefer", "").split(",")}
    return bool(query_parameters.boolean(call.request, "async")) or "respond-async" in preferences
