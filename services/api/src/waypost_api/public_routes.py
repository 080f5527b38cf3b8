"""What needs no credential: health, readiness, and the OpenAPI document."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from waypost_api.call import State
from waypost_api.openapi import openapi_yaml
from waypost_api.operation import API_PREFIX
from waypost_common.probes import what_is_missing


async def healthz(_request: Request[State]) -> Response:
    return PlainTextResponse("ok\n")


async def readyz(request: Request[State]) -> Response:
    missing = await what_is_missing(request.scope["state"]["readiness"].missing)
    if missing is None:
        return PlainTextResponse("ready\n")
    return PlainTextResponse(f"{missing}\n", status_code=503, headers={"Retry-After": "1"})


async def openapi(_request: Request[State]) -> Response:
    return Response(openapi_yaml(), media_type="application/yaml")


PUBLIC_ROUTES = (
    Route("/healthz", healthz),
    Route("/readyz", readyz),
    Route("/openapi.yaml", openapi),
    Route(f"{API_PREFIX}/openapi.yaml", openapi),
)
