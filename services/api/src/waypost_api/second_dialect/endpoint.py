"""What happens to every request of this dialect, in this order: 401, 429, 405, 403, then the change."""

from typing import cast

import pymongo
import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from waypost_api.authentication.authenticator import bearer_token
from waypost_api.call import Call, State
from waypost_api.dispatch import documents_answering
from waypost_api.json_response import JsonResponse
from waypost_api.operation import SEND
from waypost_api.second_dialect.changes import carry_out
from waypost_api.second_dialect.errors import method_not_allowed, missing_token, rate_limited, render
from waypost_api.second_dialect.operations import InstanceOperation
from waypost_api.second_dialect.rate_limit import Allowance


class InstanceEndpoint:
    """One path of the dialect, whatever the method."""

    def __init__(self, operation: InstanceOperation) -> None:
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["waypost.operation"] = self._operation.id
        handling = Handling(self._operation, Request(scope, receive, send))
        response = await handling.response()
        await response(scope, receive, send)


class Handling:
    """One request, with what is known of its token's allowance: every response tells it."""

    def __init__(self, operation: InstanceOperation, request: Request[State]) -> None:
        self._operation = operation
        self._request = request
        self._state = cast("State", request.scope["state"])
        self._allowance: Allowance = self._state["request_counter"].uncounted()

    async def response(self) -> Response:
        try:
            response = await self._answer()
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001  (every error has this dialect's shape)
            response = render(error)
        response.headers.update(self._allowance.headers())
        return response

    async def _answer(self) -> Response:
        token = token_of(self._request.headers)
        async with documents_answering(self._state):
            timeout_s = self._state["settings"].reads.timeout_ms / 1000
            with pymongo.timeout(timeout_s):
                principal = await self._state["authenticator"].authenticate(token)
            structlog.contextvars.bind_contextvars(principal=principal.id)
            with pymongo.timeout(timeout_s):
                self._allowance = await self._state["request_counter"].count(principal)
            if not self._allowance.allowed:
                raise rate_limited(retry_after=self._allowance.seconds_to_reset())
            if self._request.method != self._operation.method:
                raise method_not_allowed(self._operation.method)
            principal.require(SEND)
            call = Call(self._request, self._state, principal, self._operation.id)
            return JsonResponse(await carry_out(call, self._operation.parse))


def token_of(headers: Headers) -> str:
    """From the header `token`, else `Authorization: Bearer`. Raises RequestRefusedError (401) without either."""
    token = headers.get("token", "").strip() or bearer_token(headers)
    if token is None:
        raise missing_token()
    return token
