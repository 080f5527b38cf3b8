"""Keeps one session as it is wanted: paired, connected and its events carried to Kafka; or at rest."""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any, Final

import structlog

from waypost_connector.backend import (
    BackendError,
    Connection,
    ConnectionLostError,
    Device,
    LoggedOutError,
    OvertakenError,
    PairingCode,
    ReplacedError,
)
from waypost_connector.backoff import delays
from waypost_connector.cancel_requests import settle_cancel_requests
from waypost_connector.carrying import Carrying
from waypost_connector.fences import Taking
from waypost_connector.live.control import SessionControl
from waypost_connector.live.pairing import Pairing, PairingUnansweredError
from waypost_connector.live.sessions import Line
from waypost_connector.metrics import SessionPhase
from waypost_connector.owned_session import OwnedSession, Surroundings
from waypost_connector.session_wishes import SessionWishes
from waypost_connector.wishes import Wish

log = structlog.stdlib.get_logger(__name__)

STEADY_SECONDS: Final = 5.0
"""A connection that lasted this long was a good one: the next attempt comes at once."""

RESTING: Final = ("stopped", "logged_out")
"""Where the document of a session without device says so already, there is nothing to tell."""


class SessionRunner:
    """One per session, from when this process is to own it to when it is not any more."""

    def __init__(self, device: Device, surroundings: Surroundings) -> None:
        self.device = device
        self.was_overtaken = False
        """Whether another process took the session away."""
        self._surroundings = surroundings
        self._metrics = surroundings.metrics
        self._random = Random()
        self._stopping = asyncio.Event()
        self._again = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._owning: OwnedSession | None = None
        self._line: Line | None = None
        self._carrying: Carrying | None = None
        self._pairing = Pairing(surroundings.backend, self._publish)
        self._announced: str | None = None
        self._wishes = SessionWishes()
        self._fence_told = 0

    @property
    def is_paired(self) -> bool:
        return self.device.paired

    def want(self, wish: Wish) -> None:
        """Says what is wanted of the session; until that is known it rests. Idempotent."""
        self._fence_told = max(self._fence_told, wish.fence)
        first = self._wishes.running is None
        if first and not self.device.paired and wish.status in RESTING:
            self._announced = wish.status
        if first and wish.was_unlinked_unseen:
            self._unpair()
        elif self._wishes.hear(wish, announced=self._announced):
            self._follow()

    def reconnect(self) -> None:
        """Ends the connection, if there is one, and makes another. Wakes a session that rests."""
        if not self._wishes.running:
            self._wishes.decide(running=True)
        self._announced = None
        if self._line:
            self._surroundings.sessions.disconnect(self.device.session, self._line)
        if self._carrying:
            self._carrying.end()
        self._again.set()

    async def log_out(self) -> None:
        """Unlinks the session where it is linked, ends its pairing where it is being paired, and returns once that is told."""
        if self.device.paired:
            await self._owned.unlink(self.device)
        if self.device.paired or self._wishes.running:
            self._unpair()
        await self._wishes.told.wait()

    async def pairing_code(self, phone: str | None) -> PairingCode:
        """Begins to pair the session where that has not begun, and gives its newest code."""
        if not self._wishes.running:
            self._wishes.decide(running=True)
            self._again.set()
        return await self._pairing.code(phone)

    def stop(self) -> None:
        """Takes nothing more; `run` returns once what was taken is in Kafka and acknowledged."""
        self._stopping.set()
        self._follow()
        if self._owning is None and self._running is not None:
            self._running.cancel()

    def _unpair(self) -> None:
        """WhatsApp knows the device no more."""
        self.device = replace(self.device, paired=False)
        self._wishes.identified = True
        self._wishes.decide(running=False)
        self._follow()

    def _follow(self) -> None:
        """Looks anew at what is wanted, and ends what is not."""
        self._again.set()
        if self._stopping.is_set() or not self._wishes.running:
            self._pairing.end()
            if self._carrying:
                self._carrying.end()

    async def run(self, *, only_if_free: bool = False) -> None:
        """Until stopped, or overtaken. Cancelling it disconnects at once; what was not acknowledged comes again.

        `only_if_free`: returns at once, as overtaken, where another process has the session.
        """
        self._running = asyncio.current_task()
        around, device = self._surroundings, self.device
        if self._stopping.is_set():
            return
        taking = Taking(device.session, device.organization, self._overtaken, self._fence_told, only_if_free)
        try:
            async with around.fences.held(taking) as hold:
                self._owning = OwnedSession(device, around, hold)
                await self._own(self._owning)
        except* OvertakenError:
            self.was_overtaken = True

    def _overtaken(self) -> None:
        self.was_overtaken = True
        self._again.set()
        if self._running is not None:
            self._running.cancel()

    @property
    def _is_over(self) -> bool:
        """Beside the cancelling of `run`: a TaskGroup of Python 3.11 that is ending by an error swallows that."""
        return self._stopping.is_set() or self.was_overtaken

    async def _own(self, owned: OwnedSession) -> None:
        session, sessions = self.device.session, self._surroundings.sessions
        control = Line(SessionControl(session, self, sessions), owned.hold, owned.records.of_delivery)
        sessions.serve(session, control)
        try:
            while self._wishes.running is None and not self._is_over:
                await self._again.wait()
            await self._live()
        finally:
            sessions.leave(session, control)

    @property
    def _owned(self) -> OwnedSession:
        if self._owning is None:
            raise RuntimeError("the session is not owned")
        return self._owning

    async def _live(self) -> None:
        waits = delays(self._random)
        while not self._is_over:
            since, lost, replaced = time.monotonic(), False, False
            self._again.clear()
            try:
                await self._do_what_is_wanted()
            except* ConnectionLostError as errors:
                lost = True
                self._metrics.reconnects.inc()
                log.info("connection_lost", session=self.device.session, reason=str(errors.exceptions[0]))
            except* ReplacedError:
                replaced = True
            except* LoggedOutError as errors:
                log.warning("logged_out", session=self.device.session, reason=str(errors.exceptions[0]))
                self._unpair()
                await self._owned.forget_keys()
            except* PairingUnansweredError:
                self._wishes.decide(running=False)
            except* OvertakenError:
                if self._owned.hold.is_lost:
                    raise
                lost = True  # only not confirmed in that moment
            settle_cancel_requests()
            if replaced:
                await self._rest(SessionPhase.REPLACED)
            if time.monotonic() - since > STEADY_SECONDS:
                waits = delays(self._random)
            if lost:
                await self._pause(next(waits))

    async def _do_what_is_wanted(self) -> None:
        """Returns or raises when that may have changed."""
        if self._wishes.removed and self.device.paired:
            await self._owned.unlink(self.device)
            self.device = replace(self.device, paired=False)
        elif not self._wishes.running:
            logged_out = self._wishes.identified and not self.device.paired
            await self._rest(SessionPhase.LOGGED_OUT if logged_out else SessionPhase.STOPPED)
        elif self.device.paired:
            await self._announce("starting", unless="working")
            if (connection := await self._connect()) is not None:
                await self._serve(connection)
        else:
            await self._pair()

    async def _pair(self) -> None:
        """Shows codes until the phone accepts, or that is not wanted any more.

        A session that was paired before goes straight to its codes: `starting` would say that it still is.
        """
        if not self._wishes.identified:
            await self._announce("starting", unless="scan_qr_code")
        await self._announce("scan_qr_code")
        await self._owned.hold.confirmed()
        with self._metrics.sessions.labels(SessionPhase.PAIRING).track_inprogress():
            paired = await self._pairing.run(self.device, self._owned.store)
        if paired is not None:
            self.device = replace(self.device, paired=True)
            self._wishes.identified = True

    async def _connect(self) -> Connection | None:
        """A connection, however long it takes; None when there is to be none any more. Raises LoggedOutError, OvertakenError."""
        waits, since = delays(self._random), time.monotonic()
        with self._metrics.sessions.labels(SessionPhase.CONNECTING).track_inprogress():
            while self._wishes.running and self.device.paired and not self._is_over:
                self._again.clear()
                try:
                    return await self._owned.connect(self.device)
                except LoggedOutError:
                    raise
                except (ConnectionLostError, OvertakenError) as error:
                    if self._owned.hold.is_lost:
                        raise
                    log.debug("connect_failed", session=self.device.session, reason=str(error))
                except BackendError as error:
                    log.error("session_failed", session=self.device.session, reason=str(error))  # noqa: TRY400 - no bug of ours
                    await self._announce("failed")
                if time.monotonic() - since > self._surroundings.disconnected_seconds:
                    await self._announce("starting", unless="failed")
                await self._pause(next(waits))
        return None

    async def _serve(self, connection: Connection) -> None:
        session, identity = self.device.session, connection.identity
        owned, around = self._owned, self._surroundings
        line = self._line = Line(connection, owned.hold, owned.records.of_delivery)
        self._carrying = Carrying(owned.hold, connection, around.publisher, owned.records, crash=around.crash)
        try:
            await self._announce("working", phoneNumber=identity.phone_number, waJid=identity.jid, waLid=identity.lid)
            self._wishes.identified = True
            around.sessions.connect(session, line)
            if self._is_over or not self._wishes.running:
                self._carrying.end()
            with self._metrics.sessions.labels(SessionPhase.WORKING).track_inprogress():
                await self._carrying.run()
        finally:
            self._line = self._carrying = None
            around.sessions.disconnect(session, line)
            await connection.disconnect()

    async def _rest(self, phase: SessionPhase) -> None:
        """Stays away from WhatsApp, but in the figures, until stopped or asked to connect again."""
        log.info("session_rests", session=self.device.session, phase=phase.value)
        self._again.clear()
        if phase is not SessionPhase.REPLACED and not self._wishes.removed:
            await self._announce(phase.value)
        if not self._is_over:
            with self._metrics.sessions.labels(phase).track_inprogress():
                await self._again.wait()

    async def _pause(self, seconds: float) -> None:
        """Shorter where what is wanted has changed since that was looked at."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._again.wait()

    async def _publish(self, event: str, payload: dict[str, Any]) -> None:
        await self._owned.publish(event, payload)

    async def _announce(self, status: str, *, unless: str | None = None, **facts: Any) -> None:
        """Publishes the session's status, unless that, or the one given, was published last and nothing else is to be told."""
        news = self._announced is None or self._announced not in (status, unless)
        if news or self._wishes.untold is not None:
            self._announced = status
            facts |= self._wishes.tell()
            await self._owned.announce(status, facts)
            if self._wishes.untold is None:
                self._wishes.told.set()
