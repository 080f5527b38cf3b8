from typing import Final

from starlette.responses import Response

from waypost_api.call import Call
from waypost_api.json_response import JsonResponse
from waypost_api.operation import MANAGE, SEND, Operation, Tag
from waypost_api.views.operations import OperationView, operation_view
from waypost_common.api_keys import Permission
from waypost_common.errors import NotFoundError


def capability_of_command(command: str) -> frozenset[Permission]:
    """Who may ask for a command may read what became of it."""
    return MANAGE if command.startswith("session.") else SEND


async def get_operation(call: Call) -> Response:
    operation = await call.state["operations"].find(call.principal.organization, call.path("operation"))
    if operation is None or not call.principal.reaches(operation["session"]):
        raise NotFoundError("operation not found")
    call.principal.require(capability_of_command(operation["command"]))
    return JsonResponse(operation_view(operation))


OPERATIONS: Final = (
    Operation(
        id="getOperation", method="GET", path="/operations/{operation}", title="Get an operation", tag=Tag.OPERATIONS,
        capabilities=SEND | MANAGE, handler=get_operation, answer=OperationView,
        description="What became of a command: kept for 7 days. Needs the capability of that command.",
    ),
)  # fmt: skip
