"""A TCP proxy in the test's own process, which can be cut and healed: a network that fails between two programs that run."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from waypost_local.ports import LOOPBACK, free_port

CHUNK_BYTES = 256 * 1024


class TcpProxy:
    """Listens on `port` of the loopback, and hands every connection on to `target`, a port there too."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._silent_from: bytes | None = None
        self._silenced_by: asyncio.StreamWriter | None = None
        self._answering = asyncio.Event()
        self._answering.set()
        self.holds_the_answer = False
        """To the request that silenced it: the target has answered, and nobody hears it until a cut."""

    @property
    def mongo_url(self) -> str:
        """Where the target is a mongod."""
        return f"mongodb://{LOOPBACK}:{self.port}/?directConnection=true"

    def fall_silent_at(self, request: bytes) -> None:
        """Once a client has said that, in one piece: it reaches the target, and no answer comes back to anybody until a cut."""
        self._silent_from = request

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port, backlog=1_024)

    async def cut(self) -> None:
        """Ends every connection with what is on its way, and refuses new ones."""
        self._silent_from = self._silenced_by = None
        self.holds_the_answer = False
        self._answering.set()
        if self._server is not None:
            self._server.close()
        for writers in self._connections.values():
            for writer in writers:
                writer.transport.abort()
        while self._connections:
            await asyncio.wait(self._connections)
        self._server = None

    async def heal(self) -> None:
        await self.start()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        writers = self._connections[task] = [writer]
        try:
            with suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._target)
                writers.append(far_writer)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(_carry(reader, far_writer, partial(self._asked, writer)), name="to the target")
                    tasks.create_task(_carry(far_reader, writer, partial(self._answered, writer)), name="from the target")
        finally:
            for one in writers:
                one.close()
            del self._connections[task]

    async def _asked(self, client: asyncio.StreamWriter, data: bytes) -> None:
        if self._silent_from is not None and self._silent_from in data:
            self._silenced_by = self._silenced_by or client
            self._answering.clear()

    async def _answered(self, client: asyncio.StreamWriter, _data: bytes) -> None:
        if client is self._silenced_by:
            self.holds_the_answer = True
        await self._answering.wait()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, look: Callable[[bytes], Awaitable[None]]) -> None:
    """Until either side ends, which ends the other as well."""
    try:
        while data := await reader.read(CHUNK_BYTES):
            await look(data)
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()
