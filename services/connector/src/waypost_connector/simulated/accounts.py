"""Accounts of the simulated network: how a session's device is linked to one, and how it is unlinked.

| from | frame | answer |
|---|---|---|
| stranger | `pair` {secret, session, organization, phone?} | `code` {code, expiresAt, typed} for each new code |
| network | `paired` {identity, deviceKey, platform} | none: the connection ends |
| stranger | `unlink` {secret, session} | `unlinked`, also where nothing was linked |
| network | `logged_out` | none: the session was unlinked or banned, its connection ends |

A code to scan is replaced every SCANNED_SECONDS. With a phone number there is one to type as well. Whoever has the account scans
or types by themselves after a while, and it is always the same account of the simulation, whatever number was given.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from waypost_common.identifiers import EpochMs, OrganizationId, SessionId
from waypost_connector.simulated.calls_storage import CallStorage
from waypost_connector.simulated.cast import Cast
from waypost_connector.simulated.mailboxes import Disk, Login, Mailbox
from waypost_connector.simulated.protocol import (
    ConnectionEndedError,
    Frame,
    ProtocolError,
    device_key,
    optional_text_field,
    text_field,
)

SCANNED_SECONDS: Final = 20.0
TYPED_SECONDS: Final = 120.0
LETTERS: Final = "ABCDEFGHJKLMNPQRSTVWXYZ123456789"
LONGEST_NAME: Final = 64

OpenAccount = Callable[[int, SessionId, OrganizationId], Mailbox]


@dataclass(frozen=True)
class PairingRequest:
    session: SessionId
    organization: OrganizationId
    phone: str | None


def read_pairing(frame: Frame) -> PairingRequest:
    """Raises ProtocolError."""
    session = text_field(frame, "session", longest=LONGEST_NAME)
    organization = text_field(frame, "organization", longest=LONGEST_NAME)
    return PairingRequest(SessionId(session), OrganizationId(organization), optional_text_field(frame, "phone"))


class _Codes:
    """What is shown of one pairing."""

    def __init__(self) -> None:
        self.accepted = False
        self._timeout: asyncio.Timeout | None = None

    def accept(self) -> None:
        self.accepted = True
        if self._timeout is not None and not self._timeout.expired():
            self._timeout.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def until(self, seconds: float) -> AsyncIterator[None]:
        """Raises TimeoutError after so many seconds, or once a code is accepted."""
        try:
            async with asyncio.timeout(0 if self.accepted else seconds) as self._timeout:
                yield
        finally:
            self._timeout = None


class Accounts:
    def __init__(self, storage: CallStorage, disk: Disk, open_account: OpenAccount, *, secret: str, scan_seconds: float) -> None:
        """`open_account` makes the mailbox of a session that had none. `scan_seconds`: 0 for never."""
        self._storage = storage
        self._disk = disk
        self._open_account = open_account
        self._secret = secret
        self._scan_seconds = scan_seconds
        self._shown: dict[str, _Codes] = {}

    async def pair(self, login: Login, request: PairingRequest, known: Mailbox | None) -> None:
        """Shows codes until the owner has accepted one. Raises ConnectionEndedError when the client leaves, or OSError."""
        session = request.session
        facts = {"connection": login.connection, "session": session}
        await self._disk.write("pairing", **facts, by="scan" if request.phone is None else "phone")
        codes = self._shown[session] = _Codes()
        try:
            await self._show_codes(login, request, codes)
        finally:
            if self._shown.get(session) is codes:
                del self._shown[session]
        if known is None:
            number = await self._disk.do(self._storage.pair, session, request.organization)
            known = self._open_account(number, session, request.organization)
        known.linked = True
        await self._disk.do(self._storage.link, session)
        await self._disk.write("paired", **facts)
        paired = {"identity": identity_of(known.world.cast), "deviceKey": device_key(self._secret, session)}
        await login.frames.write({"type": "paired", "platform": "android"} | paired)

    def shows_codes(self, session: str) -> bool:
        return session in self._shown

    def scan(self, session: str) -> bool:
        """The owner accepts a code now. False where none is shown."""
        codes = self._shown.get(session)
        if codes is not None:
            codes.accept()
        return codes is not None

    async def unlink(self, login: Login, mailbox: Mailbox | None) -> None:
        """As `log_out`, by the owner's wish."""
        if mailbox is not None:
            await log_out(mailbox, self._storage, self._disk, "unlinked", connection=login.connection)
        await login.frames.write({"type": "unlinked"})

    async def _show_codes(self, login: Login, request: PairingRequest, codes: _Codes) -> None:
        now = time.monotonic()
        scanned_at = now + self._scan_seconds if self._scan_seconds else float("inf")
        next_scanned, next_typed = now, float("inf") if request.phone is None else now
        while now < scanned_at and not codes.accepted:
            if now >= next_typed:
                next_typed = now + TYPED_SECONDS
                await login.frames.write(_code(_letters(), TYPED_SECONDS, typed=True))
            if now >= next_scanned:
                next_scanned = now + SCANNED_SECONDS
                code = f"2@{secrets.token_urlsafe(32)},{secrets.token_urlsafe(32)}"
                await login.frames.write(_code(code, SCANNED_SECONDS, typed=False))
            await _wait(login, codes, min(scanned_at, next_scanned, next_typed) - now)
            now = time.monotonic()


async def log_out(mailbox: Mailbox, storage: CallStorage, disk: Disk, what: str, *, connection: int | None) -> None:
    """The device is forgotten, whoever is logged in with it is told, and nothing is made for it any more. Idempotent.

    `what` and `connection` are for the record.
    """
    if mailbox.linked:
        mailbox.linked = False
        session = mailbox.world.cast.session
        await disk.do(storage.unlink, session)
        await disk.write(what, connection=connection, session=session)
        if mailbox.login is not None:
            mailbox.login.frames.write_now({"type": "logged_out"})
            mailbox.login.frames.close()


def identity_of(cast: Cast) -> Frame:
    return {"phoneNumber": cast.phone_number, "jid": cast.me.jid, "lid": cast.me.lid}


def _code(code: str, lasts: float, *, typed: bool) -> Frame:
    expires_at = EpochMs(int((time.time() + lasts) * 1_000))
    return {"type": "code", "code": code, "expiresAt": expires_at, "typed": typed}


def _letters() -> str:
    letters = "".join(secrets.choice(LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


async def _wait(login: Login, codes: _Codes, seconds: float) -> None:
    """Answers the client until the time is over or a code is accepted. Raises ConnectionEndedError when it leaves."""
    try:
        async with codes.until(seconds):
            while (frame := await login.frames.read()) is not None:
                if frame["type"] != "ping":
                    raise ProtocolError("this frame is not expected here")
                await login.frames.write({"type": "pong"})
    except TimeoutError:
        return
    raise ConnectionEndedError
