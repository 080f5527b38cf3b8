"""What comes to sessions beside the stream that is made for them: what calls bring about, and what is delivered again."""

import asyncio
import heapq
import time
from collections.abc import Sequence
from itertools import count

import orjson

from waypost_common.identifiers import EpochMs
from waypost_connector.simulated.drafts import Draft, at_moment
from waypost_connector.simulated.mailboxes import Disk, Mailbox
from waypost_connector.simulated.storage import Queued, Stream
from waypost_connector.simulated.world import delivery_id

Arrival = Draft | Queued
"""A new event, or one that was delivered before: it keeps its id and content and gets another sequence number."""


class Arrivals:
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._later: list[tuple[float, int, Mailbox, Sequence[Arrival]]] = []
        self._order = count()
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Brings what is to come later, until cancelled. What is not due by then never comes."""
        while True:
            self._changed.clear()
            now = time.monotonic()
            while self._later and self._later[0][0] <= now:
                _, _, mailbox, arrivals = heapq.heappop(self._later)
                await self.bring(mailbox, arrivals)
            try:
                async with asyncio.timeout(self._later[0][0] - now if self._later else None):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def bring_later(self, seconds: float, mailbox: Mailbox, arrivals: Sequence[Arrival]) -> None:
        """After so many seconds. What is due at one time comes in the order in which it was given."""
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._order), mailbox, arrivals))
        self._changed.set()

    async def bring(self, mailbox: Mailbox, arrivals: Sequence[Arrival]) -> Sequence[Queued]:
        """Puts them into the session's queue, in their order and after all that was made before; none where it is not linked."""
        if not mailbox.linked:
            return ()
        now = EpochMs(time.time_ns() // 1_000_000)
        queued = [_queued(mailbox, sequence, one, now) for sequence, one in enumerate(arrivals, mailbox.stream.sequence + 1)]
        stream = mailbox.stream = Stream(mailbox.stream.step, mailbox.stream.sequence + len(queued))
        mailbox.depth += len(queued)
        await self._disk.do(self._disk.storage.append, queued, {mailbox.number: stream})
        mailbox.committed = max(mailbox.committed, stream.sequence)
        mailbox.wake()
        return queued


def _queued(mailbox: Mailbox, sequence: int, one: Arrival, now: EpochMs) -> Queued:
    if isinstance(one, Queued):
        return Queued(mailbox.number, sequence, one.id, one.event, one.payload, one.alternative)
    event_id, payload = delivery_id(mailbox.world.cast, sequence, now), orjson.dumps(at_moment(one.payload, now))
    return Queued(mailbox.number, sequence, event_id, one.event, payload, one.alternative)
