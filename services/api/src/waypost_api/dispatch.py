"""What happens to every request of the API, in this order: 401, 403, then the handler (404, 501, 400 or 422, 409)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import cast

import pymongo
import structlog
from pymongo.errors import OperationFailure, PyMongoError, WaitQueueTimeoutError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from waypost_api.authentication.authenticator import credential
from waypost_api.call import Call, State
from waypost_api.operation import Operation
from waypost_common.errors import NotFoundError, UnavailableError
from waypost_common.mongo import MongoDatabase, is_outage

PING_TIMEOUT_S = 0.5
DOCUMENTS_UNAVAILABLE = "the documents cannot be read at the moment; try again"


class PathEndpoint:
    """All operations of one path, by method. HEAD is answered as GET, without the body."""

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        self._operations = operations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method: str = scope["method"]
        operation = self._operations["GET" if method == "HEAD" else method]
        scope["waypost.operation"] = operation.id
        response = await handle(operation, Request(scope, receive, send))
        await response(scope, receive, send)


async def handle(operation: Operation, request: Request[State]) -> Response:
    state = cast("State", request.scope["state"])
    timeout_s = state["settings"].reads.timeout_ms / 1000
    token = credential(request.headers)
    async with documents_answering(state):
        with pymongo.timeout(timeout_s):
            principal = await state["authenticator"].authenticate(token)
        structlog.contextvars.bind_contextvars(principal=principal.id)
        if operation.super_admin:
            principal.require_super_admin()
        else:
            principal.require(operation.capabilities)
        call = Call(request, state, principal, operation.id)
        # A handler that waits for an outcome bounds its own reads: its waiting is not the database's.
        with nullcontext() if operation.changes or operation.waits else pymongo.timeout(timeout_s):
            return await operation.handler(call)


@asynccontextmanager
async def documents_answering(state: State) -> AsyncIterator[None]:
    """Around what a request asks of MongoDB. Raises UnavailableError for an outage; during one, for most callers at once."""
    breaker = state["documents_breaker"]
    breaker.check()
    try:
        yield
    except NotFoundError:
        breaker.answered()
        raise
    except PyMongoError as error:
        if not is_outage(error):
            raise
        if await _is_away(state["database"], error):
            breaker.failed()
        raise UnavailableError(DOCUMENTS_UNAVAILABLE) from error
    breaker.answered()


async def _is_away(database: MongoDatabase, error: PyMongoError) -> bool:
    """Whether MongoDB answers nobody. One query that takes too long must not shut out those of other organizations."""
    if isinstance(error, OperationFailure | WaitQueueTimeoutError):
        return False
    try:
        with pymongo.timeout(PING_TIMEOUT_S):
            await database.command("ping")
    except PyMongoError as unanswered:
        return not isinstance(unanswered, WaitQueueTimeoutError)
    return False
