"""The network's socket: logins, deliveries, acknowledgements."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import count
from secrets import compare_digest

import orjson
import structlog

from waypost_connector.simulated.mailboxes import Disk, Login, Mailbox
from waypost_connector.simulated.metrics import NetworkMetrics
from waypost_connector.simulated.protocol import (
    SESSIONS_PER_PAGE,
    WINDOW,
    Frame,
    Frames,
    ProtocolError,
    integer_field,
    text_field,
)

log = structlog.stdlib.get_logger(__name__)

LEAST_ROOM = WINDOW // 4
"""Below this much room a delivery waits: few large pages cost less than many small ones."""


CLOSE_SECONDS = 2.0


class _EndedError(Exception):
    """The connection is over."""


class Server:
    def __init__(self, mailboxes: Sequence[Mailbox], disk: Disk, metrics: NetworkMetrics) -> None:
        self._mailboxes: Mapping[str, Mailbox] = {mailbox.world.cast.session: mailbox for mailbox in mailboxes}
        self._disk = disk
        self._metrics = metrics
        self._connections = count(1)
        self._open: dict[Frames, asyncio.Task[None] | None] = {}
        self.acknowledged = asyncio.Event()
        """Set at each acknowledgement, for whoever waits for the queues to empty."""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until it ends."""
        connection, frames = next(self._connections), Frames(reader, writer)
        self._open[frames] = asyncio.current_task()
        await self._disk.write("connected", connection=connection)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._serve(connection, frames, tasks), name=f"connection {connection}")
        except* (OSError, _EndedError):
            log.debug("connection_ended", connection=connection)
        except* ProtocolError as errors:
            await self._broke_protocol(connection, frames, errors.exceptions[0])
        finally:
            del self._open[frames]
            frames.close()

    async def close(self) -> None:
        """Ends every connection and lets each write its last line of the record."""
        for frames in tuple(self._open):
            frames.close()
        if tasks := [task for task in self._open.values() if task]:
            await asyncio.wait(tasks, timeout=CLOSE_SECONDS)

    async def _broke_protocol(self, connection: int, frames: Frames, error: BaseException) -> None:
        await self._disk.write("broke_protocol", connection=connection, reason=str(error))
        try:
            await frames.write({"type": "error", "reason": str(error)})
        except OSError:
            log.debug("connection_ended", connection=connection)

    async def _serve(self, connection: int, frames: Frames, tasks: asyncio.TaskGroup) -> None:
        mailbox: Mailbox | None = None
        login = Login(connection, frames)
        try:
            while (frame := await frames.read()) is not None:
                match frame["type"]:
                    case "ping":
                        await frames.write({"type": "pong"})
                    case "sessions":
                        await frames.write(self._page_of_sessions(frame))
                    case "login" if mailbox is None:
                        mailbox = await self._login(login, frame)
                        tasks.create_task(self._deliver(mailbox, login), name=f"deliver {connection}")
                    case "acknowledge" if mailbox is not None:
                        await self._acknowledge(mailbox, login, integer_field(frame, "through"))
                    case _:
                        raise ProtocolError("this frame is not expected here")
            raise _EndedError
        finally:
            if mailbox is not None:
                await self._leave(mailbox, login)

    def _page_of_sessions(self, frame: Frame) -> Frame:
        after = integer_field(frame, "after")
        mailboxes = tuple(self._mailboxes.values())
        page = mailboxes[after : after + SESSIONS_PER_PAGE]
        sessions = [
            {
                "session": mailbox.world.cast.session,
                "organization": mailbox.world.cast.organization,
                "deviceKey": mailbox.world.cast.device_key,
                "label": mailbox.world.cast.label,
            }
            for mailbox in page
        ]
        return {"type": "sessions", "sessions": sessions, "more": after + len(page) < len(mailboxes)}

    async def _login(self, login: Login, frame: Frame) -> Mailbox:
        session, key = text_field(frame, "session"), text_field(frame, "deviceKey")
        mailbox = self._mailboxes.get(session)
        # ASCII only: compare_digest raises on other text.
        if mailbox is None or not key.isascii() or not compare_digest(mailbox.world.cast.device_key, key):
            await self._disk.write("refused", connection=login.connection, session=session, reason="unknown_device")
            await login.frames.write({"type": "refused", "reason": "unknown_device"})
            raise _EndedError
        older, mailbox.login = mailbox.login, login
        facts = {name: frame.get(name) for name in ("fence", "client")}
        await self._disk.write("logged_in", connection=login.connection, session=session, **facts)
        if older is None:
            self._metrics.logins.inc()
        else:
            older.replaced = True
            older.wake.set()
            await self._disk.write("replaced", connection=older.connection, session=session)
        me = mailbox.world.cast.me
        identity = {"phoneNumber": mailbox.world.cast.phone_number, "jid": me.jid, "lid": me.lid}
        await login.frames.write({"type": "welcome", "identity": identity})
        return mailbox

    async def _leave(self, mailbox: Mailbox, login: Login) -> None:
        if mailbox.login is login:
            mailbox.login = None
            self._metrics.logins.dec()
        await self._disk.write("disconnected", connection=login.connection, session=mailbox.world.cast.session)

    async def _deliver(self, mailbox: Mailbox, login: Login) -> None:
        """Sends what is queued, at most WINDOW events ahead of the acknowledgements."""
        while not login.replaced:
            if login.room >= LEAST_ROOM and mailbox.committed > login.sent:
                await self._deliver_page(mailbox, login)
            else:
                login.wake.clear()
                await login.wake.wait()
        await login.frames.write({"type": "replaced"})
        raise _EndedError

    async def _deliver_page(self, mailbox: Mailbox, login: Login) -> None:
        room, committed = login.room, mailbox.committed
        page = await self._disk.do(self._disk.storage.page, mailbox.number, login.sent, room)
        if login.replaced:
            return
        login.in_flight.extend((queued.sequence, queued.id) for queued in page)
        login.sent = page[-1].sequence if page else committed
        if page:
            first, last = page[0].sequence, page[-1].sequence
            session = mailbox.world.cast.session
            await self._disk.write("delivered", connection=login.connection, session=session, first=first, last=last)
            await login.frames.write(
                *(
                    {
                        "type": "event",
                        "sequence": queued.sequence,
                        "id": queued.id,
                        "event": queued.event,
                        "payload": orjson.Fragment(queued.payload),
                    }
                    | ({"alternative": queued.alternative} if queued.alternative else {})
                    for queued in page
                )
            )
            self._metrics.delivered.inc(len(page))

    async def _acknowledge(self, mailbox: Mailbox, login: Login, through: int) -> None:
        if through > login.sent:
            raise ProtocolError("acknowledge of an event that was not delivered here")
        if login.replaced:
            return  # too late: the newer login gets these events again
        gone = []
        while login.in_flight and login.in_flight[0][0] <= through:
            gone.append(login.in_flight.popleft())
        if gone:
            mailbox.depth -= await self._disk.do(self._disk.acknowledge, mailbox, login, gone)
            self._metrics.acknowledged.inc(len(gone))
            login.wake.set()
            self.acknowledged.set()
