"""Pairs a session with a phone: publishes its codes until one is accepted."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final

from waypost_common.errors import ErrorCode
from waypost_connector.backend import Backend, CallRefusedError, Device, DeviceStore, Paired, PairingCode

Publish = Callable[[str, dict[str, Any]], Awaitable[object]]
"""Of an event and its payload."""

PATIENCE_SECONDS: Final = 300.0
"""How long codes are shown to a phone that accepts none."""


class PairingUnansweredError(Exception):
    """No phone has accepted a code for PATIENCE_SECONDS."""


class Pairing:
    """Of one session. At most one task runs it; any may ask for a code."""

    def __init__(self, backend: Backend, publish: Publish) -> None:
        self._backend = backend
        self._publish = publish
        self._phone: str | None = None
        self._codes: dict[bool, PairingCode] = {}
        self._changed = asyncio.Event()
        self._running: asyncio.Task[Paired] | None = None
        self._accepted = False

    async def code(self, phone: str | None) -> PairingCode:
        """The newest code, once there is one: with a phone number the one to type, else the one to scan.

        Raises CallRefusedError when the phone accepts an earlier one meanwhile.
        """
        if phone is not None and phone != self._phone:
            self.end()
            self._phone = phone
        self._accepted = False
        while (code := self._codes.get(phone is not None)) is None:
            self._changed.clear()
            await self._changed.wait()
            if self._accepted:
                raise CallRefusedError(ErrorCode.CONFLICT, "the session has been paired just now")
        return code

    def end(self) -> None:
        """Ends `run`, if it runs. Its codes are void."""
        self._phone = None
        self._codes.clear()
        if self._running is not None:
            self._running.cancel()

    async def run(self, device: Device, store: DeviceStore) -> Paired | None:
        """Until the phone accepts; None when ended by `end`.

        Raises, in an ExceptionGroup, ConnectionLostError, OvertakenError and PairingUnansweredError.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                self._running = running = tasks.create_task(self._pair(device, store, self._phone), name=f"pair {device.session}")
            return None if running.cancelled() else running.result()
        finally:
            self._running = None
            self._codes.clear()

    async def _pair(self, device: Device, store: DeviceStore, phone: str | None) -> Paired:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._show_codes(device, store, phone)
        except TimeoutError as error:
            self._phone = None
            raise PairingUnansweredError from error

    async def _show_codes(self, device: Device, store: DeviceStore, phone: str | None) -> Paired:
        async with aclosing(self._backend.pair(device, store, phone)) as steps:
            async for step in steps:
                if isinstance(step, Paired):
                    self._phone, self._accepted = None, True
                    await self._publish("auth.code", _identity(step))
                    self._changed.set()
                    return step
                await self._publish(*code_event(step))
                self._codes[step.typed] = step
                self._changed.set()
        raise RuntimeError("a backend ended a pairing without a result")


def code_event(code: PairingCode) -> tuple[str, dict[str, Any]]:
    """What tells of a code. Never logged: whoever has it can take the session over."""
    if code.typed:
        return "auth.code", {"code": code.code}
    return "auth.qr", {"code": code.code, "expiresAt": code.expires_at}


def _identity(paired: Paired) -> dict[str, Any]:
    facts = {
        "jid": paired.identity.jid,
        "lid": paired.identity.lid,
        "platform": paired.platform,
        "businessName": paired.business_name,
    }
    return {name: value for name, value in facts.items() if value is not None}
