"""Which sessions this process serves."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final, Protocol

import structlog
from pymongo.errors import PyMongoError

from waypost_common.identifiers import SessionId
from waypost_connector.backend import BackendError, Device
from waypost_connector.wishes import Known, Wish, wishes

log = structlog.stdlib.get_logger(__name__)

LOOK_SECONDS: Final = 0.5
"""How often documents are looked at: what somebody wants of a session is to be followed within a second."""
LOOKING_SHARE: Final = 0.1
"""Of the time, at most: with 10,000 sessions a look takes a tenth of a second, so they are looked at once a second."""


class DeviceList(Protocol):
    """What is asked of `waypost_connector.device_store.StoredDevices`, and of a backend."""

    async def devices(self) -> Sequence[Device]:
        """Raises BackendError or PyMongoError while the list cannot be had."""
        ...


class Documents(Protocol):
    """What is asked of `waypost_connector.session_documents.SessionDocuments`."""

    async def read(self) -> Mapping[SessionId, Known]:
        """Raises PyMongoError."""
        ...


class Ownership:
    """Of the backend's sessions, those that the group of its connectors has given to this one.

    No list can be had at all times. What was known last holds then: an outage takes no session away and stops none.
    """

    def __init__(
        self,
        backend: DeviceList,
        stored: DeviceList,
        documents: Documents,
        *,
        owns: Callable[[SessionId], bool],
        name: str,
        is_default: bool,
        refresh_seconds: float,
    ) -> None:
        """`name`: the backend's; `is_default`: whether sessions that name none are its.

        `refresh_seconds`: how often the devices are asked for.
        """
        self._backend_list = backend
        self._stored_list = stored
        self._owns = owns
        self._documents = documents
        self._name = name
        self._is_default = is_default
        self._refresh_seconds = refresh_seconds
        self._devices: Sequence[Device] | None = None
        self._known: Mapping[SessionId, Known] | None = None
        self._missing: dict[str, str] = {"devices": "the list of sessions was not asked for yet"}

    async def wishes(self) -> AsyncIterator[Sequence[Wish]]:
        """What is wanted of all sessions that are owned, told again every moment. For ever, until cancelled."""
        asked = -self._refresh_seconds
        while True:
            began = time.monotonic()
            if self._devices is None or time.monotonic() - asked >= self._refresh_seconds:
                asked = time.monotonic()
                await self._ask_for_devices()
            await self._look_at_documents()
            if self._devices is not None and self._known is not None:
                every = wishes(self._devices, self._known, backend=self._name, is_default=self._is_default)
                yield [wish for wish in every if self._owns(wish.device.session)]
            took = time.monotonic() - began
            await asyncio.sleep(min(max(LOOK_SECONDS, took / LOOKING_SHARE), self._refresh_seconds))

    def missing(self) -> str | None:
        """Why the sessions are not known, in one line; None when they are."""
        return next(iter(self._missing.values()), None)

    async def _ask_for_devices(self) -> None:
        try:
            stored = await self._stored_list.devices()
            listed = await self._backend_list.devices()
        except BackendError as error:
            self._note("devices", str(error))
        except PyMongoError as error:
            self._note("devices", f"the stored devices cannot be read: {type(error).__name__}")
        else:
            # WhatsApp's side knows best what is linked.
            self._devices = list(({device.session: device for device in stored} | {one.session: one for one in listed}).values())
            self._missing.pop("devices", None)

    async def _look_at_documents(self) -> None:
        try:
            self._known = await self._documents.read()
        except PyMongoError as error:
            self._note("documents", f"the session documents cannot be read: {type(error).__name__}")
        else:
            self._missing.pop("documents", None)

    def _note(self, what: str, reason: str) -> None:
        if self._missing.get(what) != reason:
            log.warning("sessions_unknown", reason=reason)
        self._missing[what] = reason
