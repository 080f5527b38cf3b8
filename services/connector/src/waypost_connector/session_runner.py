"""Keeps one session connected and carries its events to Kafka."""

import asyncio
import time
from random import Random
from typing import Any

import structlog

from waypost_connector.backend import Backend, Connection, ConnectionLostError, Delivery, Device, LoggedOutError, ReplacedError
from waypost_connector.backoff import delays
from waypost_connector.live.control import SessionControl
from waypost_connector.live.sessions import CallableSessions, Line
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
        sessions: CallableSessions,
        gateway_id: str,
        disconnected_seconds: float,
        topic_prefix: str,
    ) -> None:
        self.device = device
        self._backend = backend
        self._publisher = publisher
        self._metrics = metrics
        self._sessions = sessions
        self._disconnected_seconds = disconnected_seconds
        self._records = SessionRecords(device, metrics, gateway_id=gateway_id, topic_prefix=topic_prefix)
        self._random = Random()
        self._taking: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._again = asyncio.Event()
        self._line: Line | None = None
        self._wanted: bool | None = None
        self._announced: str | None = None

    @property
    def is_logged_out(self) -> bool:
        return self._announced == "logged_out"

    def reconnect(self) -> None:
        """Ends the connection, if there is one, and makes another. Wakes a session that rests."""
        self._again.set()
        self._announced = None
        if self._line:
            self._sessions.disconnect(self.device.session, self._line)
        if self._taking:
            self._taking.cancel()

    def want(self, *, running: bool) -> None:
        """Says whether the session is to be connected; until that is known it is not. Idempotent."""
        if running is not self._wanted:
            self._wanted = running
            self._again.set()
            if self._taking and not running:
                self._taking.cancel()

    def stop(self) -> None:
        """Takes nothing more; `run` returns once what was taken is in Kafka and acknowledged."""
        self._stopping.set()
        self._again.set()
        if self._taking:
            self._taking.cancel()

    async def run(self) -> None:
        """Until stopped, replaced or logged out. Cancelling it disconnects at once; what was not acknowledged comes again."""
        session = self.device.session
        control = Line(SessionControl(session, self, self._sessions), self._records.of_delivery)
        self._sessions.serve(session, control)
        try:
            await self._keep_connected()
        finally:
            self._sessions.leave(session, control)

    async def _keep_connected(self) -> None:
        if self._wanted is None:
            await self._again.wait()
        waits = delays(self._random)
        while not self._stopping.is_set():
            if not self._wanted:
                await self._rest(SessionPhase.STOPPED)
                continue
            await self._announce("starting", unless="working")
            since, ended = time.monotonic(), SessionPhase.CONNECTING
            try:
                connection = await self._connect()
                if connection is not None:
                    with self._metrics.sessions.labels(SessionPhase.WORKING).track_inprogress():
                        await self._serve(connection)
            except* ConnectionLostError as errors:
                self._metrics.reconnects.inc()
                log.info("connection_lost", session=self.device.session, reason=str(errors.exceptions[0]))
            except* ReplacedError:
                ended = SessionPhase.REPLACED
            except* LoggedOutError as errors:
                log.warning("logged_out", session=self.device.session, reason=str(errors.exceptions[0]))
                ended = SessionPhase.LOGGED_OUT
            if ended is not SessionPhase.CONNECTING:
                await self._rest(ended)
            if time.monotonic() - since > STEADY_SECONDS:
                waits = delays(self._random)
            await self._pause(next(waits))

    async def _connect(self) -> Connection | None:
        """A connection, however long it takes; None when there is to be none any more. Raises LoggedOutError."""
        waits, since = delays(self._random), time.monotonic()
        with self._metrics.sessions.labels(SessionPhase.CONNECTING).track_inprogress():
            while self._wanted and not self._stopping.is_set():
                try:
                    return await self._backend.connect(self.device)
                except ConnectionLostError as error:
                    log.debug("connect_failed", session=self.device.session, reason=str(error))
                if time.monotonic() - since > self._disconnected_seconds:
                    await self._announce("starting")
                await self._pause(next(waits))
        return None

    async def _rest(self, phase: SessionPhase) -> None:
        """Stays away from WhatsApp, but in the figures, until stopped or asked to connect again."""
        log.warning("session_rests", session=self.device.session, phase=phase.value)
        self._again.clear()
        if phase is not SessionPhase.REPLACED:
            await self._announce(phase.value)
        if self._stopping.is_set():
            return
        with self._metrics.sessions.labels(phase).track_inprogress():
            await self._again.wait()

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
        self._line = line = Line(connection, self._records.of_delivery)
        self._sessions.connect(self.device.session, line)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._acknowledge(connection, submitted), name=f"acknowledge {self.device.session}")
                self._taking = tasks.create_task(self._take(connection, submitted), name=f"take {self.device.session}")
                if self._stopping.is_set() or not self._wanted:
                    self._taking.cancel()
        finally:
            self._taking = self._line = None
            self._sessions.disconnect(self.device.session, line)
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

    async def _announce(self, status: str, *, unless: str | None = None, **facts: Any) -> None:
        """Publishes the session's status, unless that, or the one given, was published last."""
        if self._announced not in (status, unless):
            self._announced = status
            await self._publisher.submit(self._records.of_status(status, self._backend, facts))
