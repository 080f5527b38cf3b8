"""What can be done for a session only while this process owns it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from waypost_common.crash_points import NO_CRASH, CrashPoints
from waypost_common.identifiers import OrganizationId, SessionId, new_event_id
from waypost_connector.addresses import ChatAddresses
from waypost_connector.backend import (
    Backend,
    Connection,
    ConnectionLostError,
    Delivery,
    Device,
    DeviceStore,
    KeysUnreadableError,
)
from waypost_connector.fences import Fences, Hold
from waypost_connector.live.sessions import CallableSessions
from waypost_connector.metrics import ConnectorMetrics
from waypost_connector.publisher import Publisher, Record
from waypost_connector.session_records import SessionRecords

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Surroundings:
    """What the sessions of a connector have in common."""

    backend: Backend
    publisher: Publisher
    metrics: ConnectorMetrics
    sessions: CallableSessions
    fences: Fences
    stores: Callable[[Hold, OrganizationId], DeviceStore]
    addresses: Callable[[SessionId, OrganizationId], ChatAddresses]
    logins: asyncio.Semaphore
    """As many as may be under way at once: after a start, or a kill of another connector, hundreds are due."""
    gateway_id: str
    disconnected_seconds: float
    topic_prefix: str
    crash: CrashPoints = NO_CRASH


class OwnedSession:
    """Everything waits until the hold is confirmed, and raises OvertakenError when it is lost."""

    def __init__(self, device: Device, surroundings: Surroundings, hold: Hold) -> None:
        self.hold = hold
        self.store = surroundings.stores(hold, device.organization)
        self.records = SessionRecords(
            device,
            hold,
            surroundings.metrics,
            surroundings.addresses(device.session, device.organization),
            gateway_id=surroundings.gateway_id,
            topic_prefix=surroundings.topic_prefix,
        )
        self._backend = surroundings.backend
        self._logins = surroundings.logins
        self._publisher = surroundings.publisher

    async def connect(self, device: Device) -> Connection:
        await self.hold.confirmed()
        async with self._logins:
            await self.hold.confirmed()
            return await self._backend.connect(device, self.store)

    async def unlink(self, device: Device) -> None:
        await self.hold.confirmed()
        try:
            await self._backend.unlink(device, self.store)
        except KeysUnreadableError as error:
            # Else nobody could ever log it out, remove it or pair it anew.
            log.error(  # noqa: TRY400 - no bug of ours
                "device_left_linked",
                session=device.session,
                reason=str(error),
                advice="remove it on the phone, under linked devices",
            )
        await self.forget_keys()

    async def forget_keys(self) -> None:
        """WhatsApp takes them no more, so if that fails they are found out at the next login."""
        try:
            await self.store.delete()
        except ConnectionLostError as error:
            log.warning("device_keys_left", session=self.hold.session, reason=str(error))

    async def publish(self, event: str, payload: dict[str, Any]) -> None:
        """Returns once it is in line for Kafka."""
        await self._submit(await self.records.of_delivery(Delivery(new_event_id(), 0, event, payload)))

    async def announce(self, status: str, facts: Mapping[str, Any]) -> None:
        await self._submit(self.records.of_status(status, self._backend, facts))

    async def _submit(self, record: Record) -> None:
        # Not left to the publisher: there it would hold up other sessions, for 2 s after each taking of a session in use.
        await self.hold.confirmed()
        await self._publisher.submit(record)
