from typing import Final

from starlette.responses import Response

from waypost_api.call import Call
from waypost_api.json_response import JsonResponse
from waypost_api.lookups import find_session
from waypost_api.operation import READ_OR_MANAGE, Operation, Tag
from waypost_api.queries import sessions
from waypost_api.views.sessions import WASession, WASessionList, session_view


async def list_sessions(call: Call) -> Response:
    generation = await call.state["generations"].live()
    principal = call.principal
    found = await sessions.list_sessions(call.state["database"], generation, principal.organization, principal.session)
    page: WASessionList = {"data": [session_view(session) for session in found], "nextCursor": None}
    return JsonResponse(page)


async def get_session(call: Call) -> Response:
    session = await find_session(call)
    return JsonResponse(session_view(session.document))


OPERATIONS: Final = (
    Operation(
        id="listSessions", method="GET", path="/sessions", title="List sessions", tag=Tag.SESSIONS,
        capabilities=READ_OR_MANAGE, handler=list_sessions, answer=WASessionList, errors=(),
        description="The sessions of the caller's organization on a single page of at most 10,000, oldest first.",
    ),
    Operation(
        id="getSession", method="GET", path="/sessions/{session}", title="Get a session", tag=Tag.SESSIONS,
        capabilities=READ_OR_MANAGE, handler=get_session, answer=WASession,
    ),
)  # fmt: skip
