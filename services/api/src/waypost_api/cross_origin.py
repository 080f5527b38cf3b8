"""Which scripts of other origins may read the answers (CORS). Off unless `WAYPOST_HTTP_CORS_ORIGINS` names some."""

from typing import Final

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from waypost_api.settings import HttpSettings

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
REQUEST_HEADERS: Final = ("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Prefer", "token", "x-api-key")
RESPONSE_HEADERS: Final = (
    "Location",
    "Retry-After",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-Id",
)
REMEMBERED_S: Final = 600
"""How long a browser may keep the answer to a preflight."""


def cross_origin(settings: HttpSettings) -> list[Middleware]:
    """Credentials here are headers that a script sets itself, never cookies: browsers are not told to send any."""
    if not settings.allowed_origins:
        return []
    middleware = Middleware(
        CORSMiddleware,
        allow_origins=settings.allowed_origins,
        allow_methods=METHODS,
        allow_headers=REQUEST_HEADERS,
        expose_headers=RESPONSE_HEADERS,
        allow_credentials=False,
        max_age=REMEMBERED_S,
    )
    return [middleware]
