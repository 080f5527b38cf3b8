"""A second backend: the least that keeps to the protocol. Its WhatsApp is `tests.backends.loopback_whatsapp`, on a local socket.

Both sides send one JSON object a line. A client begins with `pair`, `unlink` or `login`; only a login lasts.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from typing import Any

from pydantic_settings import BaseSettings

from waypost_common.environment import load_settings
from waypost_common.errors import ErrorCode
from waypost_common.identifiers import EpochMs, EventId
from waypost_common.live_commands import LiveCommand, MessageSendCommand
from waypost_common.settings import Port, ServiceSettings, SettingsBlock
from waypost_connector.backend import (
    BackendError,
    BackendSettings,
    CallEvent,
    CallLimitedError,
    CallNotMadeError,
    CallRefusedError,
    CallResult,
    CallUnsupportedError,
    ConnectionLostError,
    Delivery,
    Device,
    DeviceStore,
    Identity,
    LoggedOutError,
    Paired,
    PairingCode,
    ReplacedError,
)

LONGEST_LINE = 1024 * 1024

Frame = dict[str, Any]


class LoopbackBlock(SettingsBlock):
    port: Port = 7_800


class LoopbackSettings(BaseSettings):
    model_config = ServiceSettings.model_config

    loopback: LoopbackBlock = LoopbackBlock()


def create(_settings: BackendSettings) -> "LoopbackBackend":
    return LoopbackBackend(load_settings(LoopbackSettings, "waypost-connector").loopback.port)


class Line:
    """A socket. Whatever breaks is a ConnectionLostError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> Frame:
        with _lost():
            line = await self._reader.readline()
        if not line.endswith(b"\n"):
            raise ConnectionLostError("WhatsApp ended the connection")
        frame: Frame = json.loads(line)
        return frame

    async def write(self, **frame: object) -> None:
        if self._writer.is_closing():
            raise CallNotMadeError("the connection has ended")
        with _lost():
            self._writer.write(json.dumps(frame).encode() + b"\n")
            await self._writer.drain()

    def close(self) -> None:
        self._writer.close()


@contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConnectionLostError("the connection to WhatsApp broke") from error


class LoopbackConnection:
    def __init__(self, line: Line, identity: Identity) -> None:
        self.identity = identity
        self._line = line
        self._delivered: asyncio.Queue[Delivery | BackendError] = asyncio.Queue()
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Frame]] = {}
        self._reading = asyncio.get_running_loop().create_task(self._read(), name="read loopback")

    async def events(self) -> AsyncIterator[Delivery]:
        while True:
            delivered = await self._delivered.get()
            if isinstance(delivered, BackendError):
                raise delivered
            yield delivered

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            await self._line.write(acknowledge=deliveries[-1].sequence)

    async def call(self, command: LiveCommand) -> CallResult:
        if not isinstance(command, MessageSendCommand):
            raise CallUnsupportedError("loopback sends messages, and does nothing else")
        number, to, text = next(self._numbers), command.payload.to, command.payload.text
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await self._line.write(call=number, to=to, text=text)
            return _result(await answer, to, text)
        finally:
            del self._waiting[number]

    async def disconnect(self) -> None:
        self._reading.cancel()
        self._line.close()

    async def _read(self) -> None:
        try:
            while True:
                self._take(await self._line.read())
        except BackendError as end:
            self._delivered.put_nowait(end)
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(ConnectionLostError("the connection ended before WhatsApp answered"))
            self._line.close()

    def _take(self, frame: Frame) -> None:
        match frame:
            case {"answer": number}:
                if (answer := self._waiting.get(number)) is not None and not answer.done():
                    answer.set_result(frame)
            case {"end": "replaced"}:
                raise ReplacedError("replaced by another connection")
            case {"end": _}:
                raise LoggedOutError("the device was removed")
            case _:
                self._delivered.put_nowait(Delivery(EventId(frame["id"]), frame["number"], "message", frame["payload"]))


def _identity(frame: Frame) -> Identity:
    if "identity" not in frame:
        raise LoggedOutError("WhatsApp does not know the device")
    return Identity(**frame["identity"])


def _result(answer: Frame, to: str, text: str) -> CallResult:
    match answer:
        case {"refused": reason}:
            raise CallRefusedError(ErrorCode.FORBIDDEN, reason)
        case {"limited": seconds}:
            raise CallLimitedError(seconds)
        case _:
            result = {"waMessageId": answer["id"], "timestamp": answer["timestamp"]}
            message = result | {"chatJid": to, "fromMe": True, "type": "text", "hasMedia": False, "body": text}
            return CallResult([CallEvent("message.from_me", message)], result)


class LoopbackBackend:
    name = "loopback"
    operations = ("message.send", "session.restart", "session.logout", "session.pair")

    def __init__(self, port: int) -> None:
        self._port = port

    async def devices(self) -> Sequence[Device]:
        return ()

    async def pair(self, device: Device, store: DeviceStore, phone: str | None) -> AsyncGenerator[PairingCode | Paired, None]:
        with closing(await self._open()) as line:
            store.check()
            await line.write(pair=device.session, phone=phone)
            while "code" in (frame := await line.read()):
                yield PairingCode(frame["code"], EpochMs(frame["expiresAt"]), typed=frame["typed"])
            await store.save(frame["key"].encode())
            yield Paired(Identity(**frame["identity"]), platform="loopback")

    async def unlink(self, device: Device, store: DeviceStore) -> None:
        keys = await store.load()
        if keys is not None:
            with closing(await self._open()) as line:
                store.check()
                await line.write(unlink=device.session, key=keys.decode())
                await line.read()

    async def connect(self, device: Device, store: DeviceStore) -> LoopbackConnection:
        if (keys := await store.load()) is None:
            raise LoggedOutError("the session has no keys")
        line = await self._open()
        try:
            store.check()
            await line.write(login=device.session, key=keys.decode())
            return LoopbackConnection(line, _identity(await line.read()))
        except BaseException:
            line.close()
            raise

    async def _open(self) -> Line:
        with _lost():
            return Line(*await asyncio.open_connection("127.0.0.1", self._port, limit=LONGEST_LINE))
