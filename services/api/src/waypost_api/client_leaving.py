"""Notices a client that goes away while its request is under way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import Request


@asynccontextmanager
async def client_leaving(request: Request[Any]) -> AsyncIterator[asyncio.Task[None]]:
    """A task that ends when the client closes its connection. The request's body must have been read to its end."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    # Not a TaskGroup: that would wrap the errors of the block, which the caller answers by their kind.
    watching = asyncio.get_running_loop().create_task(watch(), name="client")
    try:
        yield watching
    finally:
        watching.cancel()
        await asyncio.wait({watching})
