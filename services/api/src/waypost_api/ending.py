"""Tells what lasts as long as its client likes that the process ends: the server waits for every answer under way."""

import asyncio
import socket

import uvicorn


class Ending:
    def __init__(self) -> None:
        self._begun = asyncio.Event()

    @property
    def has_begun(self) -> bool:
        return self._begun.is_set()

    def begin(self) -> None:
        """Idempotent."""
        self._begun.set()

    async def wait(self) -> None:
        await self._begun.wait()


class EndingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ending: Ending) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ending.begin()
        await super().shutdown(sockets)
