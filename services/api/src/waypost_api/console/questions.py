"""What the page asks beside the API's operations: what the credential may do, and what can be done for a session."""

from typing import Final

from starlette.responses import Response
from typing_extensions import TypedDict

from waypost_api.call import Call
from waypost_api.json_response import JsonResponse
from waypost_api.lookups import find_session
from waypost_api.operation import Operation, Tag
from waypost_common.api_keys import Permission
from waypost_common.live_commands import WITHOUT_CONNECTION

ANY: Final = frozenset(Permission)
NO_STORE: Final = {"Cache-Control": "no-store"}


class ConsolePrincipal(TypedDict):
    kind: str
    organization: str
    permissions: list[str]
    session: str | None
    """The only one that a restricted key reaches."""


class ConsoleAbilities(TypedDict):
    """Of a session, as its connector told them: a command that is not listed is answered 501."""

    status: str
    operations: list[str]
    withoutConnection: list[str]
    """Those that need no working session."""


async def principal(call: Call) -> Response:
    who = call.principal
    answer: ConsolePrincipal = {
        "kind": who.kind,
        "organization": who.organization,
        "permissions": sorted(permission.value for permission in who.permissions),
        "session": who.session,
    }
    return JsonResponse(answer, headers=NO_STORE)


async def abilities(call: Call) -> Response:
    session = (await find_session(call)).document
    answer: ConsoleAbilities = {
        "status": session["status"],
        "operations": list(session["operations"] or ()),
        "withoutConnection": sorted(WITHOUT_CONNECTION),
    }
    return JsonResponse(answer, headers=NO_STORE)


QUESTIONS: Final = (
    Operation(
        id="consolePrincipal", method="GET", path="/principal", title="What the caller may do", tag=Tag.OPERATIONS,
        capabilities=ANY, handler=principal, answer=ConsolePrincipal, errors=(),
    ),
    Operation(
        id="consoleAbilities", method="GET", path="/sessions/{session}/abilities", title="What can be done for a session",
        tag=Tag.OPERATIONS, capabilities=ANY, handler=abilities, answer=ConsoleAbilities,
    ),
)  # fmt: skip
