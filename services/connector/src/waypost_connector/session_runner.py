"""Keeps one session connected and carries its events to Kafka."""

import asyncio
import time
from random import Random
from typing import Any

import structlog

from waypost_connector.backend import Backend, Connection, ConnectionLostError, Delivery, Device, LoggedOutError, ReplacedError
from waypost_connector.backoff import delays
from waypost_connector.metrics import ConnectorMetrics, SessionPhase
from waypost_connector.publisher import Publisher
from waypost_connector.session_records import SessionRecords

log = structlog.stdlib.get_logger(__name__)

Submitted = tuple[Delivery, asyncio.Future[None]]
STEADY_SECONDS = 5.0
"""A connection that lasted this long was a good one: the next attempt comes at once."""


class SessionRunner:
    """One per session."""

    def __init__(
        self,
        device: Device,
        backend: Backend,
        publisher: Publisher,
        metrics: ConnectorMetrics,
        *,
        gateway_id: str,
        disconnected_seconds: float,
        topic_prefix: str,
    ) -> None:
        self.device = device
        self._backend = backend
        self._publisher = publisher
        self._metrics = metrics
        self._disconnected_seconds = disconnected_seconds
        self._records = SessionRecords(device, metrics, gateway_id=gateway_id, topic_prefix=topic_prefix)
        self._random = Random()
        self._taking: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._announced: str | None = None

    def stop(self) -> None:
        """Takes nothing more; `run` returns once what was taken is in Kafka and acknowledged."""
        self._stopping.set()
        if self._taking:
            self._taking.cancel()

    async def run(self) -> None:
        """Until stopped, replaced or logged out. Cancelling it disconnects at once; what was not acknowledged comes again."""
        await self._announce("starting")
        waits = delays(self._random)
        while (connection := await self._connect()) is not None:
            since, ended = time.monotonic(), SessionPhase.CONNECTING
            try:
                with self._metrics.sessions.labels(SessionPhase.WORKING).track_inprogress():
                    await self._serve(connection)
            except* ConnectionLostError as errors:
                self._metrics.reconnects.inc()
                log.info("connection_lost", session=self.device.session, reason=str(errors.exceptions[0]))
            except* ReplacedError:
                ended = SessionPhase.REPLACED
            except* LoggedOutError:
                ended = SessionPhase.LOGGED_OUT
            if ended is not SessionPhase.CONNECTING:
                await self._rest(ended)
            if time.monotonic() - since > STEADY_SECONDS:
                waits = delays(self._random)
            await self._pause(next(waits))

    async def _connect(self) -> Connection | None:
        """A connection, however long it takes; None when the session is to rest or to stop."""
        waits, since = delays(self._random), time.monotonic()
        with self._metrics.sessions.labels(SessionPhase.CONNECTING).track_inprogress():
            while not self._stopping.is_set():
                try:
                    return await self._backend.connect(self.device)
                except ConnectionLostError as error:
                    log.debug("connect_failed", session=self.device.session, reason=str(error))
                except LoggedOutError as error:
                    log.warning("logged_out", session=self.device.session, reason=str(error))
                    break
                if time.monotonic() - since > self._disconnected_seconds:
                    await self._announce("starting")
                await self._pause(next(waits))
        if not self._stopping.is_set():
            await self._rest(SessionPhase.LOGGED_OUT)
        return None

    async def _rest(self, phase: SessionPhase) -> None:
        """Stays away from WhatsApp, but in the figures, until stopped."""
        log.warning("session_rests", session=self.device.session, phase=phase.value)
        if phase is SessionPhase.LOGGED_OUT:
            await self._announce("logged_out")
        with self._metrics.sessions.labels(phase).track_inprogress():
            await self._stopping.wait()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _serve(self, connection: Connection) -> None:
        identity = connection.identity
        await self._announce(
            "working",
            phoneNumber=identity.phone_number,
            waJid=identity.jid,
            waLid=identity.lid,
        )
        submitted: asyncio.Queue[Submitted | None] = asyncio.Queue()  # bounded by the publisher's buffer
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._acknowledge(connection, submitted), name=f"acknowledge {self.device.session}")
                self._taking = tasks.create_task(self._take(connection, submitted), name=f"take {self.device.session}")
                if self._stopping.is_set():
                    self._taking.cancel()
        finally:
            self._taking = None
            await connection.disconnect()

    async def _take(self, connection: Connection, submitted: asyncio.Queue[Submitted | None]) -> None:
        try:
            async for delivery in connection.events():
                submitted.put_nowait((delivery, await self._publisher.submit(self._records.of_delivery(delivery))))
        finally:
            submitted.put_nowait(None)

    async def _acknowledge(self, connection: Connection, submitted: asyncio.Queue[Submitted | None]) -> None:
        """Acknowledges in order, as many at once as Kafka has taken."""
        ended = False
        while not ended:
            batch = [await submitted.get()]
            while not submitted.empty():
                batch.append(submitted.get_nowait())
            ended = batch[-1] is None
            taken: list[Delivery] = []
            for delivery, done in filter(None, batch):
                if not done.done():
                    await connection.acknowledge(taken)
                    taken = []
                await done
                taken.append(delivery)
            await connection.acknowledge(taken)

    async def _announce(self, status: str, **facts: Any) -> None:
        """Publishes the session's status, unless it is the one that was published last."""
        if status != self._announced:
            self._announced = status
            await self._publisher.submit(self._records.of_status(status, self._backend, facts))
