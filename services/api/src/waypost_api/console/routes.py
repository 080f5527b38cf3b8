"""`/console`: the page, its files, and the two questions that it asks beside the API's operations."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from waypost_api.call import State
from waypost_api.console.files import console_files
from waypost_api.console.questions import QUESTIONS
from waypost_api.dispatch import PathEndpoint
from waypost_common.errors import NotFoundError

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # The browser itself refuses innerHTML and its like.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
FOR_EVER: Final = "public, max-age=31536000, immutable"


async def console(request: Request[State]) -> Response:
    found = console_files()
    headers = {**HEADERS, "Cache-Control": "no-cache", "ETag": f'"{found.version}"'}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if headers["ETag"] in known:
        return Response(status_code=304, headers=headers)
    return Response(found.index.content, media_type=found.index.media_type, headers=headers)


async def console_file(request: Request[State]) -> Response:
    """One of the version that is in the address: another one would be kept under its name for ever."""
    found = console_files()
    file = found.assets.get(request.path_params["file"])
    if file is None or request.path_params["version"] != found.version:
        raise NotFoundError("no such file of the console; load /console anew")
    return Response(file.content, media_type=file.media_type, headers={**HEADERS, "Cache-Control": FOR_EVER})


async def with_slash(_request: Request[State]) -> Response:
    return RedirectResponse("../console", headers=HEADERS)


CONSOLE_ROUTES: Final = (
    Route("/console", console),
    Route("/console/", with_slash),
    Route("/console/assets/{version}/{file}", console_file),
    *(Route(f"/console{one.path}", PathEndpoint({one.method: one}), methods=[one.method]) for one in QUESTIONS),
)
