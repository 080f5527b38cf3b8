"""The API behind its own HTTP server, in the test's process: what an answer is made of reaches a client piece by piece."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import cast

import uvicorn
from tests.processes import eventually

from waypost_api.app import create_app
from waypost_api.ending import Ending, EndingServer
from waypost_api.http_protocol import BoundedProtocol
from waypost_api.settings import ApiSettings


@dataclass(frozen=True)
class ServedApi:
    address: str
    server: EndingServer
    serving: asyncio.Task[None]

    def end(self) -> None:
        """As SIGTERM does."""
        self.server.should_exit = True

    async def ended(self) -> None:
        await asyncio.wait({self.serving})


@asynccontextmanager
async def served_api(settings: ApiSettings) -> AsyncIterator[ServedApi]:
    ending = Ending()
    config = uvicorn.Config(
        create_app(settings, ending=ending),
        host="127.0.0.1",
        port=0,
        http=cast("type[asyncio.Protocol]", partial(BoundedProtocol, settings=settings.http)),
        ws="none",
        lifespan="on",
        log_config=None,
        timeout_graceful_shutdown=settings.http.shutdown_timeout_s,
    )
    server = EndingServer(config, ending)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve(), name="server")
        await eventually(lambda: server.started or serving.done(), "the server listens")
        port = server.servers[0].sockets[0].getsockname()[1]
        yield ServedApi(f"http://127.0.0.1:{port}", server, serving)
        server.should_exit = True
