"""The network's socket: who comes, who may log in, and what they say then."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final, NoReturn

import structlog

from waypost_connector.simulated.accounts import Accounts, PairingRequest, identity_of, read_pairing
from waypost_connector.simulated.calls import Calls
from waypost_connector.simulated.connection_faults import ConnectionFaults
from waypost_connector.simulated.deliveries import Deliveries
from waypost_connector.simulated.happenings import KINDS, Happenings
from waypost_connector.simulated.mailboxes import Disk, Login, Mailbox
from waypost_connector.simulated.metrics import NetworkMetrics
from waypost_connector.simulated.protocol import (
    CLIENT_FRAME_BYTES,
    CLOSE_SECONDS,
    SESSIONS_PER_PAGE,
    STRANGER_FRAME_BYTES,
    ConnectionEndedError,
    Frame,
    Frames,
    ProtocolError,
    device_key,
    integer_field,
    is_same_secret,
    optional_integer_field,
    optional_text_field,
    text_field,
)

log = structlog.stdlib.get_logger(__name__)

MOST_STRANGERS: Final = 1_024
"""Connections that have not logged in yet; what is beyond is closed at once."""
LOGIN_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Asked:
    """What the network does because somebody asks for it."""

    calls: Calls
    accounts: Accounts
    faults: ConnectionFaults
    happenings: Happenings
    deliveries: Deliveries


class Server:
    """Clients are strangers until they log in: what they send and how long they stay is bounded."""

    def __init__(
        self, mailboxes: Mapping[str, Mailbox], disk: Disk, metrics: NetworkMetrics, asked: Asked, *, secret: str
    ) -> None:
        """`mailboxes` by session: more may come."""
        self._mailboxes = mailboxes
        self._disk = disk
        self._metrics = metrics
        self._asked = asked
        self._secret = secret
        self._connections = count(1)
        self._strangers: set[Login] = set()
        self._open: dict[Frames, asyncio.Task[None] | None] = {}
        self._deliveries = asked.deliveries

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until it ends."""
        frames = Frames(reader, writer)
        frames.longest = STRANGER_FRAME_BYTES
        if len(self._strangers) >= MOST_STRANGERS:
            frames.close()
            return
        login = Login(next(self._connections), frames)
        self._open[frames] = asyncio.current_task()
        self._strangers.add(login)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._serve(login, tasks), name=f"connection {login.connection}")
        except* (OSError, ConnectionEndedError):
            log.debug("connection_ended", connection=login.connection)
        except* ProtocolError as errors:
            await self._broke_protocol(login, str(errors.exceptions[0]))
        finally:
            frames.close()
            if login in self._strangers:
                self._strangers.discard(login)
                await self._disk.write("left", connection=login.connection)
            del self._open[frames]

    async def close(self) -> None:
        """Ends every connection and lets each write its last line of the record."""
        for frames in tuple(self._open):
            frames.close()
        if tasks := [task for task in self._open.values() if task]:
            await asyncio.wait(tasks, timeout=CLOSE_SECONDS)

    async def _broke_protocol(self, login: Login, reason: str) -> None:
        await self._disk.write("broke_protocol", connection=login.connection, reason=reason)
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await login.frames.write({"type": "error", "reason": reason})
        except OSError:
            log.debug("connection_ended", connection=login.connection)

    async def _serve(self, login: Login, tasks: asyncio.TaskGroup) -> None:
        await self._disk.write("connected", connection=login.connection)
        mailbox = await self._meet(login)
        if isinstance(mailbox, PairingRequest):
            self._strangers.discard(login)
            await self._asked.accounts.pair(login, mailbox, self._mailboxes.get(mailbox.session))
            raise ConnectionEndedError
        try:
            await self._enter(mailbox, login)
            login.frames.longest = CLIENT_FRAME_BYTES
            tasks.create_task(self._deliveries.deliver(mailbox, login), name=f"deliver {login.connection}")
            tasks.create_task(self._asked.faults.watch(mailbox, login), name=f"faults of {login.connection}")
            while (frame := await login.frames.read()) is not None:
                match frame["type"]:
                    case "ping":
                        await login.frames.write({"type": "pong"})
                    case "acknowledge":
                        await self._deliveries.acknowledge(mailbox, login, integer_field(frame, "through"))
                    case "call":
                        tasks.create_task(self._asked.calls.answer(mailbox, login, frame), name=f"call {login.connection}")
                    case _:
                        raise ProtocolError("this frame is not expected here")
            raise ConnectionEndedError
        finally:
            await self._leave(mailbox, login)

    async def _meet(self, login: Login) -> Mailbox | PairingRequest:
        """Answers a stranger until it logs in, and gives the mailbox that it may empty; or until it asks to be paired."""
        async with asyncio.timeout(LOGIN_SECONDS):
            while (frame := await login.frames.read()) is not None:
                match frame["type"]:
                    case "ping":
                        await login.frames.write({"type": "pong"})
                    case "sessions" if is_same_secret(text_field(frame, "secret"), self._secret):
                        await login.frames.write(self._page_of_sessions(frame))
                    case "faults" if is_same_secret(text_field(frame, "secret"), self._secret):
                        await self._asked.faults.command(frame)
                        await login.frames.write({"type": "faults"})
                    case "pair" if is_same_secret(text_field(frame, "secret"), self._secret):
                        return read_pairing(frame)
                    case "unlink" if is_same_secret(text_field(frame, "secret"), self._secret):
                        await self._asked.accounts.unlink(login, self._mailboxes.get(text_field(frame, "session")))
                    case kind if kind in KINDS and is_same_secret(text_field(frame, "secret"), self._secret):
                        mailbox = self._mailboxes.get(text_field(frame, "session"))
                        await login.frames.write(await self._asked.happenings.bring(frame, mailbox))
                    case "sessions" | "faults" | "pair" | "unlink" | "arrive" | "shown" | "scan":
                        await self._refuse(login, "wrong_secret")
                    case "login":
                        return await self._mailbox_of(login, frame)
                    case _:
                        raise ProtocolError("this frame is not expected here")
        raise ConnectionEndedError

    def _page_of_sessions(self, frame: Frame) -> Frame:
        after = integer_field(frame, "after")
        mailboxes = tuple(self._mailboxes.values())
        page = mailboxes[after : after + SESSIONS_PER_PAGE]
        sessions = [
            {
                "session": mailbox.world.cast.session,
                "organization": mailbox.world.cast.organization,
                "deviceKey": device_key(self._secret, mailbox.world.cast.session),
                "label": mailbox.world.cast.label if mailbox.world.cast.paired is None else None,
                "linked": mailbox.linked,
            }
            for mailbox in page
        ]
        return {"type": "sessions", "sessions": sessions, "more": after + len(page) < len(mailboxes)}

    async def _refuse(self, login: Login, reason: str, **facts: str) -> NoReturn:
        await self._disk.write("refused", connection=login.connection, reason=reason, **facts)
        await login.frames.write({"type": "refused", "reason": reason})
        raise ConnectionEndedError

    async def _mailbox_of(self, login: Login, frame: Frame) -> Mailbox:
        session, key = text_field(frame, "session"), text_field(frame, "deviceKey")
        login.fence, login.client = optional_integer_field(frame, "fence"), optional_text_field(frame, "client")
        mailbox = self._mailboxes.get(session)
        if mailbox is None or not mailbox.linked or not is_same_secret(key, device_key(self._secret, mailbox.world.cast.session)):
            await self._refuse(login, "unknown_device", session=session)
        return mailbox

    async def _enter(self, mailbox: Mailbox, login: Login) -> None:
        self._strangers.discard(login)
        cast = mailbox.world.cast
        older, mailbox.login = mailbox.login, login
        if older is not None:
            older.replaced = True  # before the record tells of the newer one: nothing of the older is acknowledged after that
        await self._disk.write("logged_in", **login.facts, session=cast.session)
        if older is None:
            self._metrics.logins.inc()
        else:
            older.wake.set()
            # Told by its delivery; one that does not read would never hear of it.
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, older.frames.close)
            await self._disk.write("replaced", connection=older.connection, session=cast.session)
        await login.frames.write({"type": "welcome", "identity": identity_of(cast)})

    async def _leave(self, mailbox: Mailbox, login: Login) -> None:
        if mailbox.login is login:
            mailbox.login = None
            self._metrics.logins.dec()
        await self._disk.write("disconnected", connection=login.connection, session=mailbox.world.cast.session)
