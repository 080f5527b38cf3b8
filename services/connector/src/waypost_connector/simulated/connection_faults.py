"""Faults that strike connections and sessions by themselves, whatever these do."""

import asyncio
import time
from collections.abc import Mapping

from waypost_connector.simulated.accounts import log_out
from waypost_connector.simulated.calls_storage import CallStorage
from waypost_connector.simulated.faults import Fault, FaultKind, Faults
from waypost_connector.simulated.mailboxes import Disk, Login, Mailbox
from waypost_connector.simulated.protocol import Frame


class ConnectionFaults:
    def __init__(self, faults: Faults, mailboxes: Mapping[str, Mailbox], storage: CallStorage, disk: Disk) -> None:
        """`mailboxes` by session: more may come."""
        self._faults = faults
        self._mailboxes = mailboxes
        self._storage = storage
        self._disk = disk

    async def command(self, frame: Frame) -> None:
        """As `Faults.command`; what is to strike at once has done so on return. Raises ProtocolError."""
        fault = self._faults.command(frame)
        if fault is None:
            return
        struck = [mailbox for session, mailbox in self._mailboxes.items() if fault.is_of(session) and _can_strike(fault, mailbox)]
        for mailbox in struck[: fault.times]:
            await self._strike(fault, mailbox, mailbox.login)

    async def watch(self, mailbox: Mailbox, login: Login) -> None:
        """Strikes a connection that has just logged in, once the time of a fault has come. Returns then; else waits for ever."""
        since, session = time.monotonic(), mailbox.world.cast.session
        while True:
            changed, fault = self._faults.changed, self._faults.of_connection(session)
            due = None if fault is None else max(since, fault.set_at) + fault.seconds - time.monotonic()
            try:
                async with asyncio.timeout(due):
                    await changed.wait()
            except TimeoutError:
                if fault is not None and self._faults.count(fault):
                    await self._strike(fault, mailbox, login)
                    return

    async def _strike(self, fault: Fault, mailbox: Mailbox, login: Login | None) -> None:
        facts = {"connection": None if login is None else login.connection}
        if fault.kind is FaultKind.BAN:
            await log_out(mailbox, self._storage, self._disk, "banned", **facts)
        elif login is not None:
            await self._disk.write("ended", **facts, session=mailbox.world.cast.session)
            login.frames.close()


def _can_strike(fault: Fault, mailbox: Mailbox) -> bool:
    return mailbox.linked if fault.kind is FaultKind.BAN else mailbox.login is not None
