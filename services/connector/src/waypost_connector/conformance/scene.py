# ruff: noqa: S101
"""What every test of the suite begins with: a backend, a device, a store for its keys; and how to wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import Final, TypeVar

import pytest
import pytest_asyncio

from waypost_common.clock import now_ms
from waypost_common.identifiers import new_command_id
from waypost_common.live_commands import LIVE_COMMAND_ADAPTER, LiveCommand
from waypost_connector.backend import Backend, Connection, Delivery, Paired, PairingCode
from waypost_connector.conformance.counterpart import Counterpart
from waypost_connector.conformance.keys_in_memory import KeysInMemory

T = TypeVar("T")

SOON_SECONDS: Final = 10.0
"""What the protocol calls a moment, or seconds at most, is over by then."""
LOOK_SECONDS: Final = 0.02


async def soon(something: Awaitable[T]) -> T:
    """Its result, which must not take long."""
    async with asyncio.timeout(SOON_SECONDS):
        return await something


async def becomes(read: Callable[[], Awaitable[object]], expected: object) -> None:
    """Waits until WhatsApp's side reads as expected."""
    until = monotonic() + SOON_SECONDS
    while (found := await read()) != expected:
        assert monotonic() < until, f"{expected!r} expected, {found!r} found"
        await asyncio.sleep(LOOK_SECONDS)


async def ending(connection: Connection, error: type[Exception]) -> None:
    """Reads the connection to its end, which must come with this error."""

    async def read() -> None:
        async for _ in connection.events():
            pass

    with pytest.raises(error):
        await soon(read())


async def received(connection: Connection, last: str) -> list[Delivery]:
    """What is delivered from now on, up to the message with this text."""
    deliveries: list[Delivery] = []
    async with asyncio.timeout(SOON_SECONDS):
        async for delivery in connection.events():
            deliveries.append(delivery)
            if text_of(delivery) == last:
                break
    return deliveries


def text_of(delivery: Delivery) -> str | None:
    body = delivery.payload.get("body") if delivery.event == "message" else None
    return None if body is None else str(body)


def messages(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Those from others among them: WhatsApp may deliver more than the suite makes arrive."""
    return [delivery for delivery in deliveries if text_of(delivery) is not None]


def texts_of(deliveries: Sequence[Delivery]) -> list[str]:
    """Of the messages from others among them."""
    return [str(text_of(message)) for message in messages(deliveries)]


class Scene:
    """One device and its backend."""

    def __init__(self, whatsapp: Counterpart) -> None:
        self.whatsapp = whatsapp
        self.device = replace(whatsapp.device, paired=True)
        self.store = KeysInMemory()
        self.backend = whatsapp.backend()
        self._connections: list[Connection] = []

    async def pair(self) -> Paired:
        """Shows codes until the phone has accepted one."""
        async with asyncio.timeout(SOON_SECONDS):
            async for step in self.backend.pair(self.whatsapp.device, self.store, None):
                if isinstance(step, PairingCode):
                    await self.whatsapp.accept()
                else:
                    return step
        raise AssertionError("the pairing ended without a result")

    async def connect(self, backend: Backend | None = None) -> Connection:
        """To be disconnected after the test."""
        connection = await soon((backend or self.backend).connect(self.device, self.store))
        self._connections.append(connection)
        return connection

    async def reconnect(self, connection: Connection) -> Connection:
        await soon(connection.disconnect())
        return await self.connect()

    async def close(self) -> None:
        for connection in self._connections:
            await soon(connection.disconnect())

    def command(self, name: str, **payload: object) -> LiveCommand:
        now = now_ms()
        envelope = {
            "id": new_command_id(),
            "command": name,
            "session": self.device.session,
            "organization": self.device.organization,
            "actor": {"kind": "program", "id": "conformance"},
            "issuedAt": now,
            "deadline": now + int(SOON_SECONDS * 1_000),
            "payload": payload,
        }
        return LIVE_COMMAND_ADAPTER.validate_python(envelope)

    def message(self, text: str) -> LiveCommand:
        return self.command("message.send", to=self.whatsapp.chat, type="text", text=text)


class Scenes:
    """The fixtures of the suite."""

    pytestmark = pytest.mark.asyncio

    @pytest_asyncio.fixture
    async def new(self, whatsapp: Counterpart) -> AsyncIterator[Scene]:
        """A device that is not paired."""
        scene = Scene(whatsapp)
        yield scene
        await scene.close()

    @pytest_asyncio.fixture
    async def scene(self, new: Scene) -> Scene:
        """A device that is paired, and not connected."""
        await new.pair()
        return new
