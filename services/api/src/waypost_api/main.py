"""The `waypost-api` command."""

import argparse
import asyncio
import signal
import sys
from functools import partial
from types import FrameType
from typing import cast

import uvicorn

from waypost_api.app import create_app
from waypost_api.ending import Ending, EndingServer
from waypost_api.http_protocol import BoundedProtocol
from waypost_api.openapi import openapi_yaml
from waypost_api.refusal import Refusal, telling
from waypost_api.settings import ApiSettings
from waypost_common.environment import load_settings
from waypost_common.garbage import collect_seldom
from waypost_common.logs import configure_logging
from waypost_common.malloc_arenas import limit_malloc_arenas

KEEP_ALIVE_S = 75


def main() -> None:
    parser = argparse.ArgumentParser(prog="waypost-api", description="The HTTP API of Waypost.")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("run", help="serve (the default)")
    commands.add_parser("openapi", help="print the OpenAPI document")
    if parser.parse_args().command == "openapi":
        sys.stdout.write(openapi_yaml())
        return
    serve(load_settings(ApiSettings, "waypost-api"))


def serve(settings: ApiSettings) -> None:
    """Until SIGTERM or SIGINT; requests under way then finish within the deadline, and the process ends with 0."""
    configure_logging(settings.log, service="api")
    limit_malloc_arenas()
    collect_seldom()
    # uvicorn raises the signal that stopped it once more at its end: by then it means nothing.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, _ignore)
    refusal = Refusal()
    shutdown = Ending()
    config = uvicorn.Config(
        telling(create_app(settings, refusal, shutdown), refusal),
        host=settings.http.host,
        port=settings.http.port,
        loop="uvloop",
        http=cast("type[asyncio.Protocol]", partial(BoundedProtocol, settings=settings.http)),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=settings.http.shutdown_timeout_s,
    )
    server = EndingServer(config, shutdown)
    try:
        server.run()
    except SystemExit:
        # Its own line, above, tells the reason when it could not listen; the app's failure to start has ours or a traceback.
        if refusal.reason is None and not server.lifespan.should_exit:
            refusal.reason = "cannot listen as WAYPOST_HTTP_PORT and WAYPOST_HTTP_HOST say: set them to a free port"
        elif refusal.reason is None:
            raise
    if refusal.reason is not None:
        sys.exit(f"waypost-api: {refusal.reason}")


def _ignore(_signal: int, _frame: FrameType | None) -> None:
    pass


if __name__ == "__main__":
    main()
