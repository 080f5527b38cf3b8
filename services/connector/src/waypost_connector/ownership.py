"""Which sessions this process serves."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import structlog

from waypost_connector.backend import BackendError, Device

log = structlog.stdlib.get_logger(__name__)


class Ownership(Protocol):
    def assignments(self) -> AsyncIterator[Sequence[Device]]:
        """All sessions that this process is to serve, anew each time that may have changed. For ever, until cancelled."""
        ...

    def missing(self) -> str | None:
        """Why the sessions are not known, in one line; None when they are."""
        ...


class DeviceList(Protocol):
    async def devices(self) -> Sequence[Device]:
        """Raises BackendError while the list cannot be had."""
        ...


class Everything:
    """Takes every session in the list, which is asked for every few seconds: for a connector that runs alone."""

    def __init__(self, devices: DeviceList, *, refresh_seconds: float) -> None:
        self._devices = devices
        self._refresh_seconds = refresh_seconds
        self._missing: str | None = "the list of sessions was not asked for yet"

    async def assignments(self) -> AsyncIterator[Sequence[Device]]:
        while True:
            try:
                devices = await self._devices.devices()
            except BackendError as error:
                # What is served already goes on being served: a list that cannot be had takes nothing away.
                if self._missing != str(error):
                    log.warning("session_list_unavailable", reason=str(error))
                self._missing = str(error)
            else:
                self._missing = None
                yield devices
            await asyncio.sleep(self._refresh_seconds)

    def missing(self) -> str | None:
        return self._missing
