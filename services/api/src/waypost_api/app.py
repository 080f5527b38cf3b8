"""The service, put together."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from waypost_api.console.routes import CONSOLE_ROUTES
from waypost_api.cross_origin import cross_origin
from waypost_api.ending import Ending
from waypost_api.error_responses import render_exception
from waypost_api.lifespan import lifespan_of
from waypost_api.metrics import Metrics
from waypost_api.middleware import AdmissionMiddleware, RequestMiddleware
from waypost_api.public_routes import PUBLIC_ROUTES
from waypost_api.refusal import Refusal
from waypost_api.routing import routes_of
from waypost_api.second_dialect.routes import ROUTES as SECOND_DIALECT_ROUTES
from waypost_api.second_dialect.routes import render_error
from waypost_api.settings import ApiSettings
from waypost_api.table import OPERATIONS
from waypost_common.errors import WaypostError
from waypost_common.tracing import open_tracing


def create_app(settings: ApiSettings, refusal: Refusal | None = None, ending: Ending | None = None) -> Starlette:
    metrics, tracing = Metrics(), open_tracing(settings.tracing, service="api")
    around = [
        Middleware(RequestMiddleware, metrics=metrics, tracing=tracing),
        # Above what renders errors, so that a script may read these too.
        *cross_origin(settings.http),
        Middleware(AdmissionMiddleware, metrics=metrics, max_in_flight=settings.http.max_in_flight, render=render_error),
    ]
    app = Starlette(
        routes=[*PUBLIC_ROUTES, *CONSOLE_ROUTES, *routes_of(OPERATIONS), *SECOND_DIALECT_ROUTES],
        middleware=around,
        exception_handlers={WaypostError: render_exception, HTTPException: render_exception},
        lifespan=lifespan_of(settings, metrics, tracing, refusal or Refusal(), ending or Ending()),
    )
    app.router.redirect_slashes = False
    return app
