"""Sends a login its session's events, and takes its acknowledgements."""

import asyncio
from collections.abc import Sequence
from itertools import compress, groupby
from typing import Final

import orjson

from waypost_connector.simulated.arrivals import Arrivals
from waypost_connector.simulated.faults import FaultKind, Faults
from waypost_connector.simulated.mailboxes import Disk, Login, Mailbox
from waypost_connector.simulated.metrics import NetworkMetrics
from waypost_connector.simulated.protocol import WINDOW, ConnectionEndedError, ProtocolError
from waypost_connector.simulated.storage import Queued
from waypost_connector.simulated.world import is_first_delivery

LEAST_ROOM: Final = WINDOW // 4
"""Below this much room a delivery waits: few large pages cost less than many small ones."""


class Deliveries:
    def __init__(self, disk: Disk, metrics: NetworkMetrics, faults: Faults, arrivals: Arrivals) -> None:
        self._disk = disk
        self._metrics = metrics
        self._faults = faults
        self._arrivals = arrivals
        self.acknowledged = asyncio.Event()
        """Set at each acknowledgement, for whoever waits for the queues to empty."""

    async def deliver(self, mailbox: Mailbox, login: Login) -> None:
        """Sends what is queued, at most WINDOW events ahead of the acknowledgements."""
        while not login.replaced:
            if login.room >= LEAST_ROOM and mailbox.committed > login.sent:
                await self._deliver_page(mailbox, login)
            else:
                login.wake.clear()
                await login.wake.wait()
        await login.frames.write({"type": "replaced"})
        raise ConnectionEndedError

    async def _deliver_page(self, mailbox: Mailbox, login: Login) -> None:
        if delay := self._faults.strike_delivery(mailbox.world.cast.session, FaultKind.DELAY):
            await asyncio.sleep(delay.seconds)
        room, committed = login.room, mailbox.committed
        page = await self._disk.do(self._disk.storage.page, mailbox.number, login.sent, room)
        if login.replaced:
            return
        login.in_flight.extend((queued.sequence, queued.id) for queued in page)
        login.sent = page[-1].sequence if page else committed
        if page:
            first, last = page[0].sequence, page[-1].sequence
            session = mailbox.world.cast.session
            facts: dict[str, object] = {"connection": login.connection, "session": session, "first": first, "last": last}
            originals = [is_first_delivery(mailbox.world.cast, queued.sequence, queued.id) for queued in page]
            if not all(originals):
                facts["duplicates"] = [queued.id for queued, original in zip(page, originals, strict=True) if not original]
            await self._disk.write("delivered", **facts)
            await self._duplicate(mailbox, list(compress(page, originals)))
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

    async def _duplicate(self, mailbox: Mailbox, originals: Sequence[Queued]) -> None:
        """Has events come again where a fault says so, each once, however many connections it is delivered to."""
        session, before = mailbox.world.cast.session, mailbox.delivered
        new = [queued for queued in originals if queued.sequence > before]
        if new:
            mailbox.delivered = new[-1].sequence
        struck = [(self._faults.strike_delivery(session, FaultKind.DUPLICATE), queued) for queued in new]
        for fault, group in groupby(struck, lambda pair: pair[0]):
            if fault is None:
                continue
            again = [queued for _, queued in group]
            if fault.seconds:
                self._arrivals.bring_later(fault.seconds, mailbox, again)
            else:
                await self._arrivals.bring(mailbox, again)

    async def acknowledge(self, mailbox: Mailbox, login: Login, through: int) -> None:
        if through > login.sent:
            raise ProtocolError("acknowledge of an event that was not delivered here")
        if login.replaced:
            return  # too late: the newer login gets these events again
        gone = []
        while login.in_flight and login.in_flight[0][0] <= through:
            gone.append(login.in_flight.popleft())
        if gone:
            deleted = await self._disk.do(self._disk.acknowledge, mailbox, login, gone)
            mailbox.depth -= deleted  # read after the wait, during which events are made
            self._metrics.acknowledged.inc(len(gone))
            login.wake.set()
            self.acknowledged.set()
