"""How a request that reaches WhatsApp is carried through. What the session's connector cannot do is 501 and is not published."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from waypost_api.call import Call
from waypost_api.commands.carry import (
    Accepted,
    Answer,
    Wanted,
    carry_through,
    earlier_request,
    operation_accepted,
    responds_async,
)
from waypost_api.commands.submit import CommandFields
from waypost_api.lookups import OwnedSession, find_session
from waypost_api.queries.chats import address_of_chat
from waypost_api.request_body import read_body
from waypost_common.commands import CommandEnvelope
from waypost_common.errors import UnsupportedOperationError
from waypost_common.identifiers import Jid
from waypost_common.live_commands import WITHOUT_CONNECTION
from waypost_common.settings import KafkaSettings

WORKING: Final = "working"


@dataclass(frozen=True, slots=True)
class LiveWish:
    """What a request asks. `fingerprint` is equal for requests that ask the same."""

    fingerprint: dict[str, Any]
    command: Callable[[CommandFields], CommandEnvelope]


@dataclass(frozen=True, slots=True)
class LiveChatWish:
    """The same for one that names a chat in its body, under either address of a person."""

    fingerprint: dict[str, Any]
    chat: Jid
    command: Callable[[CommandFields, Jid], CommandEnvelope]
    """Given the address under which that chat is kept."""

    def in_chat(self, jid: Jid) -> LiveWish:
        return LiveWish(self.fingerprint, lambda fields: self.command(fields, jid))


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRequest:
    """One kind of live request."""

    command: str
    subject: Callable[[Call], str]
    """What the path names beside the session. Raises NotFoundError for what cannot be one."""
    parse: Callable[[Call, bytes], LiveWish | LiveChatWish]
    """From the body. Raises ValidationFailedError."""
    answer: Answer
    accepted: Accepted = operation_accepted
    waits_for_budget: bool = False
    """An asynchronous one may wait for the session's send limits."""


async def carry_out_live(call: Call, request: LiveRequest, *, body: bytes | None = None) -> Response:
    """`body` where it was read before: that can be done once."""
    with call.reading():
        session = await find_session(call)
        subject = request.subject(call)
        earlier = await earlier_request(call)
    if earlier is None:
        require_capability(session, request.command)
    backend = _backend(session, call.state["settings"].kafka)
    if body is None:
        body = await read_body(call.request, call.state["settings"].http)
    wish = request.parse(call, body)
    if isinstance(wish, LiveChatWish):
        with call.reading():
            # Of a request that came before nothing is made again.
            wish = wish.in_chat(wish.chat if earlier is not None else await address_of_chat(session.scope, wish.chat))
    commands = call.state["settings"].commands
    patient = request.waits_for_budget and responds_async(call)
    wanted = Wanted(
        scope=session.scope,
        subject=subject,
        fingerprint=wish.fingerprint,
        command=wish.command,
        backend=backend,
        deadline_ms=commands.queued_deadline_ms if patient else commands.live_deadline_ms,
    )
    return await carry_through(call, wanted, earlier=earlier, answer=request.answer, accepted=request.accepted)


def require_capability(session: OwnedSession, command: str) -> None:
    """Raises UnsupportedOperationError where nobody could do it now: no connector lists it, or the session is not connected."""
    if command not in (session.document["operations"] or ()):
        raise UnsupportedOperationError(f"the connector of this session does not offer {command}")
    if command not in WITHOUT_CONNECTION and session.document["status"] != WORKING:
        raise UnsupportedOperationError(f"the session is {session.document['status']}, not working: start it first")


def _backend(session: OwnedSession, settings: KafkaSettings) -> str:
    """Raises UnsupportedOperationError where its commands have no topic: the session came from another product."""
    backend = session.document["backend"] or settings.default_backend
    if backend not in settings.backend_names:
        raise UnsupportedOperationError("no connector of this system serves the backend of this session")
    return backend


def session_alone(_call: Call) -> str:
    return ""


def no_content() -> Callable[[object], Awaitable[Response]]:
    async def answer(_done: object) -> Response:
        return Response(status_code=204)

    return answer
