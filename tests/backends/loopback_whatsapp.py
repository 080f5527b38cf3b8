"""The WhatsApp that `waypost_loopback` speaks to: one account, one device, in the test's own process."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from ulid import ULID

from tests.backends.loopback.waypost_loopback import LONGEST_LINE, Frame, LoopbackBackend
from waypost_common.identifiers import Jid, OrganizationId, SessionId
from waypost_connector.backend import Device
from waypost_connector.conformance import CallFault
from waypost_local.ports import free_port

ME = {"phone_number": "628120000001", "jid": "628120000001@s.whatsapp.net", "lid": None}
FRIEND = Jid("628120000002@s.whatsapp.net")
CODE_SECONDS = 60


class LoopbackWhatsApp:
    """A `waypost_connector.conformance.Counterpart`."""

    device = Device(SessionId("loopback-1"), OrganizationId("org_demo"), paired=False)
    chat = FRIEND

    def __init__(self, port: int) -> None:
        self.port = port
        self._key: str | None = None
        self.kept: list[Frame] = []
        self._numbers = count(1)
        self._logins = 0
        self.texts_sent: list[str] = []
        self._fault: CallFault | None = None
        self._pairing: asyncio.Event | None = None
        self._connection: asyncio.StreamWriter | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def backend(self) -> LoopbackBackend:
        return LoopbackBackend(self.port)

    def stranded(self) -> LoopbackBackend:
        return LoopbackBackend(free_port())

    async def shows_codes(self) -> bool:
        return self._pairing is not None

    async def accept(self) -> None:
        if self._pairing is not None:
            self._pairing.set()

    async def arrive(self, *texts: str) -> None:
        for text in texts:
            number, now = next(self._numbers), int(time.time()) * 1_000
            message = {"waMessageId": f"IN{number}", "chatJid": FRIEND, "fromMe": False, "type": "text", "hasMedia": False}
            payload = message | {"senderJid": FRIEND, "timestamp": now, "body": text}
            self.kept.append({"number": number, "id": f"evt_{ULID()}", "payload": payload})
            self._tell(self.kept[-1])

    async def unacknowledged(self) -> Sequence[str]:
        return [kept["payload"]["body"] for kept in self.kept]

    async def logins(self) -> int:
        return self._logins

    async def cut(self) -> None:
        if self._connection is not None:
            self._connection.close()

    async def log_out(self) -> None:
        self._key = None
        self._end("logged_out")

    async def linked(self) -> bool:
        return self._key is not None

    async def sent(self) -> int:
        return len(self.texts_sent)

    async def strike(self, fault: CallFault) -> None:
        self._fault = fault

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["LoopbackWhatsApp"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=LONGEST_LINE)
        try:
            yield self
        finally:
            server.close()
            for writer in self._open.values():
                writer.close()
            if self._open:
                await asyncio.wait(self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self._open[task] = writer
            task.add_done_callback(self._open.pop)
        try:
            while line := await reader.readline():
                await self._answer(json.loads(line), reader, writer)
                await writer.drain()
        except OSError:
            return
        finally:
            writer.close()

    async def _answer(self, frame: Frame, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match frame:
            case {"pair": _, "phone": phone}:
                await self._pair(phone, reader, writer)
            case {"unlink": _, "key": key}:
                if key == self._key:
                    await self.log_out()
                _write(writer, unlinked=True)
            case {"login": _, "key": key}:
                self._log_in(key, writer)
            case {"acknowledge": through} if writer is self._connection:
                self.kept = [kept for kept in self.kept if kept["number"] > through]
            case {"call": number, "text": text} if writer is self._connection:
                self._call(number, text, writer)
            case _:
                pass

    async def _pair(self, phone: str | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        expires_at = (int(time.time()) + CODE_SECONDS) * 1_000
        for typed in (False,) if phone is None else (False, True):
            _write(writer, code=f"code-{next(self._numbers)}", typed=typed, expiresAt=expires_at)
        self._pairing = accepted = asyncio.Event()
        accepting = asyncio.get_running_loop().create_task(accepted.wait(), name="wait for the owner")
        leaving = asyncio.get_running_loop().create_task(reader.read(1), name="wait for the client to leave")
        await asyncio.wait([accepting, leaving], return_when=asyncio.FIRST_COMPLETED)
        self._pairing = None
        for waiting in (accepting, leaving):
            waiting.cancel()
        await asyncio.wait([accepting, leaving])
        if accepted.is_set():
            self._key = f"key-{next(self._numbers)}"
            _write(writer, key=self._key, identity=ME)

    def _log_in(self, key: str, writer: asyncio.StreamWriter) -> None:
        if key != self._key:
            _write(writer, refused=True)
            return
        self._end("replaced")
        self._logins += 1
        self._connection = writer
        _write(writer, identity=ME)
        for kept in self.kept:
            self._tell(kept)

    def _call(self, number: int, text: str, writer: asyncio.StreamWriter) -> None:
        fault, self._fault = self._fault, None
        match fault:
            case CallFault.REFUSED:
                _write(writer, answer=number, refused="the friend does not want to hear of it")
            case CallFault.LIMITED:
                _write(writer, answer=number, limited=60)
            case _:
                self.texts_sent.append(text)
                if fault is CallFault.CUT:
                    writer.close()
                elif fault is not CallFault.UNANSWERED:
                    _write(writer, answer=number, id=f"OUT{next(self._numbers)}", timestamp=int(time.time()) * 1_000)

    def _tell(self, frame: Frame) -> None:
        if self._connection is not None and not self._connection.is_closing():
            _write(self._connection, **frame)

    def _end(self, reason: str) -> None:
        """Ends the connection, if there is one."""
        if self._connection is not None and not self._connection.is_closing():
            _write(self._connection, end=reason)
            self._connection.close()
        self._connection = None


def _write(writer: asyncio.StreamWriter, **frame: Any) -> None:
    writer.write(json.dumps(frame).encode() + b"\n")


@asynccontextmanager
async def loopback_whatsapp() -> AsyncIterator[LoopbackWhatsApp]:
    async with LoopbackWhatsApp(free_port()).serving() as whatsapp:
        yield whatsapp
