"""A proxy before mongod that keeps a write back: whoever asked for it holds a batch meanwhile, and its write comes late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.faults.tcp_proxy import TcpProxy
from tests.faults.test_unanswered_writes import beginning_of
from tests.processes import eventually


class LateWrites(TcpProxy):
    def __init__(self, target: int) -> None:
        super().__init__(target)
        self._wanted: bytes | None = None
        self._kept_of: asyncio.StreamWriter | None = None
        self._passing = asyncio.Event()
        self._is_done = False

    @asynccontextmanager
    async def kept_back(self, command: str, collection: str) -> AsyncIterator[None]:
        """Entered once somebody has asked for such a write, which mongod is given on the way out."""
        self._kept_of, self._is_done = None, False
        self._passing.clear()
        self._wanted = beginning_of(command, collection)
        try:
            await eventually(lambda: self._kept_of is not None, f"{command} of {collection} is asked for", every=0.001)
            yield
        finally:
            self._wanted = None
            self._passing.set()

    async def until_carried_out(self) -> None:
        """What was kept back. To be called only while whoever asked for it is there: mongod's answer tells."""
        await eventually(lambda: self._is_done, "the late write is carried out")

    async def _asked(self, client: asyncio.StreamWriter, data: bytes) -> None:
        if self._wanted is not None and self._wanted in data:
            self._wanted, self._kept_of = None, client
            await self._passing.wait()

    async def _answered(self, client: asyncio.StreamWriter, data: bytes) -> None:
        if client is self._kept_of and self._passing.is_set():
            self._is_done = True


@asynccontextmanager
async def late_writes(mongod_server: str) -> AsyncIterator[LateWrites]:
    port = urlsplit(mongod_server).port
    assert port is not None
    proxy = LateWrites(port)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.cut()
