"""The paths of this dialect, and errors that come up before one of them is reached."""

from typing import Final, cast

from starlette.convertors import PathConvertor, register_url_convertor
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from waypost_api import error_responses
from waypost_api.call import State
from waypost_api.second_dialect.endpoint import InstanceEndpoint
from waypost_api.second_dialect.errors import no_such_endpoint, render
from waypost_api.second_dialect.operations import OPERATIONS, PREFIX, InstanceOperation


class AnythingConvertor(PathConvertor):
    """The rest of the path: slashes, and line ends too, which the convertor `path` leaves out."""

    regex = r"[\s\S]*"


register_url_convertor("anything", AnythingConvertor())


def render_error(scope: Scope, error: Exception) -> Response:
    """In the shape of the dialect that the path belongs to."""
    if scope["path"].startswith(f"{PREFIX}/"):
        return uncounted(scope, error)
    return error_responses.render(error_responses.to_waypost_error(error))


def uncounted(scope: Scope, error: Exception) -> Response:
    response = render(error)
    response.headers.update(cast("State", scope["state"])["request_counter"].uncounted().headers())
    return response


class Nowhere:
    """Below the dialect's prefix, but none of its paths."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await uncounted(scope, no_such_endpoint())(scope, receive, send)


def _routes_of(operation: InstanceOperation) -> list[Route]:
    """A label may hold any character, also a slash; a path without an instance is answered, not unknown."""
    path, endpoint = f"{PREFIX}/{operation.name}", InstanceEndpoint(operation)
    return [Route(f"{path}/{{instance:anything}}", endpoint), Route(path, endpoint)]


ROUTES: Final = (
    *(route for operation in OPERATIONS for route in _routes_of(operation)),
    Route(f"{PREFIX}/{{rest:anything}}", Nowhere()),
)
