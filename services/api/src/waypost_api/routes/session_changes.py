"""Making, removing, starting and stopping sessions. What is wanted of a session holds even while no connector runs."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Annotated, ClassVar, Final

from pydantic import Field
from starlette.responses import Response

from waypost_api.call import Call
from waypost_api.commands.carry import Done, Wanted, carry_through, check_options, earlier_request
from waypost_api.commands.submit import CommandFields
from waypost_api.json_response import JsonResponse
from waypost_api.lookups import OwnedSession, find_session
from waypost_api.operation import MANAGE, Operation, Tag
from waypost_api.queries import sessions
from waypost_api.queries.scope import Scope
from waypost_api.request_body import RequestBody, parse_body, read_body
from waypost_api.routes.live import LiveRequest, LiveWish, carry_out_live, session_alone
from waypost_api.views.sessions import WASession, session_view
from waypost_common.commands import (
    CommandEnvelope,
    SessionCommandPayload,
    SessionCreateCommand,
    SessionCreatePayload,
    SessionDeleteCommand,
    SessionStartCommand,
    SessionStopCommand,
)
from waypost_common.documents import OperationDocument, SessionDocument
from waypost_common.errors import ConflictError, ForbiddenError, NotFoundError
from waypost_common.identifiers import SessionId, new_session_id
from waypost_common.live_commands import SessionLogoutCommand, SessionRestartCommand

FOLLOWS_WITHIN_S: Final = 5.0
LOOK_EVERY_S: Final = 0.05
STARTED: Final = frozenset({"working", "scan_qr_code"})
STOPPED: Final = frozenset({"stopped", "logged_out", "failed"})
LOGGED_OUT: Final = "logged_out"


class CreateSessionBody(RequestBody):
    expected: ClassVar = {
        "label": "a text of at most 200 characters",
        "autoRead": "true or false",
        "presenceTyping": "true or false",
        "start": "true or false",
    }

    label: Annotated[str, Field(max_length=200)] | None = None
    autoRead: bool | None = None  # noqa: N815  (as on the wire)
    """Read receipts are sent by themselves."""
    presenceTyping: bool | None = None  # noqa: N815
    """Typing is shown while a message is being sent."""
    start: bool = False
    """Begin pairing at once; otherwise the session is made stopped."""


async def create_session(call: Call) -> Response:
    principal = call.principal
    if principal.session is not None:
        raise ForbiddenError("a key of one session cannot make others")
    with call.reading():
        generation = await call.state["generations"].live()
        earlier = await earlier_request(call)
    body = await read_body(call.request, call.state["settings"].http)
    sent = parse_body(CreateSessionBody, body, status=400) if body.strip() else CreateSessionBody()
    session = SessionId(earlier["session"]) if earlier is not None else new_session_id()
    scope = Scope(call.state["database"], generation, principal.organization, session)
    payload = SessionCreatePayload(
        label=sent.label,
        auto_read=sent.autoRead,
        presence_typing=sent.presenceTyping,
        start=sent.start,
        created_by_user_id=principal.id if principal.kind == "user" else None,
    )
    wanted = Wanted(
        scope=scope,
        names_session=False,
        subject="",
        fingerprint=sent.model_dump(),
        command=lambda fields: SessionCreateCommand(payload=payload, **fields),
    )
    return await carry_through(call, wanted, earlier=earlier, answer=partial(_made, call, scope))


async def delete_session(call: Call) -> Response:
    """The request that deleted it is answered again under its key; to any other the session is gone."""
    with call.reading():
        earlier = await earlier_request(call)
        scope = await _deleted_before(call, earlier) or (await find_session(call)).scope

    async def gone(_done: Done) -> Response:
        return Response(status_code=204)

    def command(fields: CommandFields) -> CommandEnvelope:
        return SessionDeleteCommand(payload=SessionCommandPayload(), **fields)

    await read_body(call.request, call.state["settings"].http)
    wanted = Wanted(scope=scope, subject="", fingerprint={}, command=command)
    return await carry_through(call, wanted, earlier=earlier, answer=gone)


async def _deleted_before(call: Call, earlier: OperationDocument | None) -> Scope | None:
    session = call.path("session")
    if earlier is None or (earlier["command"], earlier["session"]) != ("session.delete", session):
        return None
    if not call.principal.reaches(session):
        return None
    return Scope(call.state["database"], await call.state["generations"].live(), earlier["organization"], SessionId(session))


async def start_session(call: Call) -> Response:
    return await _change(
        call,
        lambda fields: SessionStartCommand(payload=SessionCommandPayload(), **fields),
        lambda session: partial(_settled, call, session.scope, STARTED),
    )


async def stop_session(call: Call) -> Response:
    return await _change(
        call,
        lambda fields: SessionStopCommand(payload=SessionCommandPayload(), **fields),
        lambda session: partial(_settled, call, session.scope, STOPPED),
    )


async def restart_session(call: Call) -> Response:
    session = await _looked_up(call)
    wish = LiveWish({}, lambda fields: SessionRestartCommand(payload=SessionCommandPayload(), **fields))
    request = LiveRequest(
        command="session.restart",
        subject=session_alone,
        parse=lambda _call, _body: wish,
        answer=partial(_settled, call, session.scope, STARTED),
    )
    return await carry_out_live(call, request)


async def logout_session(call: Call) -> Response:
    session = await _looked_up(call)
    if _is_unlinked(session.document):
        check_options(call)
        return JsonResponse(session_view(session.document))
    wish = LiveWish({}, lambda fields: SessionLogoutCommand(payload=SessionCommandPayload(), **fields))
    request = LiveRequest(
        command="session.logout",
        subject=session_alone,
        parse=lambda _call, _body: wish,
        answer=partial(_settled, call, session.scope, frozenset({LOGGED_OUT})),
    )
    return await carry_out_live(call, request)


def _is_unlinked(session: SessionDocument) -> bool:
    """Whether it has no device, and is not getting one."""
    was_never_paired = session["waJid"] is None and session["desired"] == "stopped"
    return was_never_paired or session["status"] == LOGGED_OUT


async def _looked_up(call: Call) -> OwnedSession:
    with call.reading():
        return await find_session(call)


async def _change(
    call: Call,
    command: Callable[[CommandFields], CommandEnvelope],
    answer: Callable[[OwnedSession], Callable[[Done], Awaitable[Response]]],
) -> Response:
    with call.reading():
        session = await find_session(call)
        earlier = await earlier_request(call)
    await read_body(call.request, call.state["settings"].http)
    wanted = Wanted(scope=session.scope, subject="", fingerprint={}, command=command)
    return await carry_through(call, wanted, earlier=earlier, answer=answer(session))


async def _made(call: Call, scope: Scope, _done: Done) -> Response:
    try:
        with call.reading():
            return JsonResponse(session_view(await _find(scope)), status=201)
    except NotFoundError as error:
        raise ConflictError("the session was made and has been deleted since; another needs a new Idempotency-Key") from error


async def _settled(call: Call, scope: Scope, statuses: Collection[str], _done: Done) -> Response:
    """The session once its status has followed what is wanted of it, or after a few seconds as it is then."""
    return JsonResponse(session_view(await until_session(call, scope, lambda session: session["status"] in statuses)))


async def until_session(call: Call, scope: Scope, condition: Callable[[SessionDocument], bool]) -> SessionDocument:
    """The session once the condition holds, or after FOLLOWS_WITHIN_S as it is then."""
    ends = asyncio.get_running_loop().time() + FOLLOWS_WITHIN_S
    while True:
        with call.reading():
            session = await _find(scope)
        if condition(session) or asyncio.get_running_loop().time() >= ends:
            return session
        await asyncio.sleep(LOOK_EVERY_S)


async def _find(scope: Scope) -> SessionDocument:
    session = await sessions.find_session(scope.database, scope.generation, scope.organization, scope.session)
    if session is None:
        raise NotFoundError("session not found")
    return session


SESSION: Final = "/sessions/{session}"
_operation: Final = partial(Operation, tag=Tag.SESSIONS, capabilities=MANAGE, changes=True)

OPERATIONS: Final = (
    _operation(
        id="createSession", method="POST", path="/sessions", title="Create a session", handler=create_session, success=201,
        answer=WASession, body=CreateSessionBody, body_required=False, errors=(400, 409),
        description="Stopped and unpaired, or with `start` on its way to a QR code.",
    ),
    _operation(
        id="deleteSession", method="DELETE", path=SESSION, title="Delete a session", handler=delete_session, success=204,
        errors=(400, 404, 409), description="For good: everything of it is hidden at once, and its device is unlinked.",
    ),
    _operation(
        id="startSession", method="POST", path=f"{SESSION}:start", title="Start a session", handler=start_session,
        answer=WASession, errors=(400, 404, 409),
        description="Answers once its status has followed, or after 5 seconds as it is then.",
    ),
    _operation(
        id="stopSession", method="POST", path=f"{SESSION}:stop", title="Stop a session", handler=stop_session,
        answer=WASession, errors=(400, 404, 409),
        description="Disconnects and stays paired. Holds while no connector runs. Answers once its status has followed, or "
        "after 5 seconds as it is then.",
    ),
    _operation(
        id="restartSession", method="POST", path=f"{SESSION}:restart", title="Restart a session", handler=restart_session,
        answer=WASession, errors=(400, 404, 409, 501), description="Disconnects and connects again; stays paired.",
    ),
    _operation(
        id="logoutSession", method="POST", path=f"{SESSION}:logout", title="Log out a session (unpair the device)",
        handler=logout_session, answer=WASession, errors=(400, 404, 409, 501), description="The session itself stays.",
    ),
)  # fmt: skip
