"""Makes the world's events and puts them into the sessions' queues. A full queue pauses its session alone.

What a session is handed at its first login is made at once, before anything else; what happens later comes at the wanted rate.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import orjson

from waypost_common.identifiers import EpochMs, Jid
from waypost_connector.simulated.drafts import at_moment
from waypost_connector.simulated.mailboxes import Disk, Mailbox
from waypost_connector.simulated.metrics import NetworkMetrics
from waypost_connector.simulated.storage import Queued, Stream
from waypost_connector.simulated.world import delivery_id

EVENTS_PER_COMMIT: Final = 256
LONGEST_SECONDS: Final = 0.01
"""Then it is the others' turn: a thousand sessions that log in are not to wait until their events are made."""
TRIES: Final = 4
LATEST_SECONDS: Final = 1.0
"""A generator that fell behind by more does not make it up."""
FULL_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Pace:
    rate: float
    """Events a second over all sessions, those of the first login not counted; 0: as fast as they are taken."""
    queue: int
    """Events a session may have waiting."""
    events: int | None = None
    """How many in all, the step that reaches the number being finished; None: for ever."""
    start: EpochMs | None = None
    """Moment of each session's first event, the others following by the rate: repeatable times. None: the real time."""


class Generator:
    def __init__(
        self,
        mailboxes: Sequence[Mailbox],
        disk: Disk,
        pace: Pace,
        metrics: NetworkMetrics,
        *,
        unfollowed: Callable[[Mailbox], Collection[Jid]] = lambda _: (),
    ) -> None:
        """`unfollowed`: the channels that a session gets nothing of."""
        self._mailboxes = mailboxes
        self._disk = disk
        self._pace = pace
        self._metrics = metrics
        self._unfollowed = unfollowed
        self._choice = Random(0)
        self._made = sum(mailbox.stream.sequence for mailbox in mailboxes)
        self._at_login = [mailbox for mailbox in mailboxes if mailbox.world.is_login(mailbox.stream.step)]

    def admit(self, mailbox: Mailbox) -> None:
        """A session that came later; the caller has added it to the mailboxes."""
        if mailbox.world.is_login(mailbox.stream.step):
            self._at_login.append(mailbox)

    async def run(self) -> None:
        """Returns when the wanted number of events is made."""
        due = time.monotonic()
        while self._wanted():
            batch: list[Queued] = []
            moved: dict[int, Mailbox] = {}
            until = time.monotonic() + LONGEST_SECONDS
            while self._wanted() and len(batch) < EVENTS_PER_COMMIT and due <= time.monotonic() < until:
                mailbox = self._pick(self._at_login) or self._pick(self._mailboxes)
                if mailbox is None:
                    break
                at_login = mailbox.world.is_login(mailbox.stream.step)
                events = self._step(mailbox)
                batch += events
                moved[mailbox.number] = mailbox
                if at_login:
                    if not mailbox.world.is_login(mailbox.stream.step):
                        self._at_login.remove(mailbox)
                elif self._pace.rate:
                    due += self._choice.expovariate(1.0) * len(events) / self._pace.rate
            if batch:
                await self._append(batch, moved)
            now = time.monotonic()
            due = max(due, now - LATEST_SECONDS)
            if due > now:
                await asyncio.sleep(due - now)
            elif not batch:
                await asyncio.sleep(FULL_SECONDS)

    def _pick(self, mailboxes: Sequence[Mailbox]) -> Mailbox | None:
        """One that has room, each as likely as the others. All are looked at only where few have."""
        for _ in range(TRIES if mailboxes else 0):
            mailbox = self._choice.choice(mailboxes)
            if self._has_room(mailbox):
                return mailbox
        with_room = [mailbox for mailbox in mailboxes if self._has_room(mailbox)]
        return self._choice.choice(with_room) if with_room else None

    def _has_room(self, mailbox: Mailbox) -> bool:
        return mailbox.linked and mailbox.depth < self._pace.queue

    def _wanted(self) -> bool:
        return self._pace.events is None or self._made < self._pace.events

    def _step(self, mailbox: Mailbox) -> list[Queued]:
        stream, cast = mailbox.stream, mailbox.world.cast
        drafts = mailbox.world.step(stream.step)
        if left := self._unfollowed(mailbox):
            drafts = [draft for draft in drafts if draft.payload.get("chatJid", draft.payload.get("jid")) not in left]
        events = []
        for sequence, draft in enumerate(drafts, stream.sequence + 1):
            now = self._moment(sequence)
            payload = orjson.dumps(at_moment(draft.payload, now))
            event_id = delivery_id(cast, sequence, now)
            events.append(Queued(mailbox.number, sequence, event_id, draft.event, payload, draft.alternative))
        mailbox.stream = Stream(stream.step + 1, stream.sequence + len(events))
        mailbox.depth += len(events)
        self._made += len(events)
        return events

    def _moment(self, sequence: int) -> EpochMs:
        if self._pace.start is None:
            return EpochMs(time.time_ns() // 1_000_000)
        apart = len(self._mailboxes) / self._pace.rate if self._pace.rate else 0.0
        return EpochMs(self._pace.start + int(1_000 * apart * (sequence - 1)))

    async def _append(self, batch: list[Queued], moved: dict[int, Mailbox]) -> None:
        streams = {number: mailbox.stream for number, mailbox in moved.items()}
        await self._disk.do(self._disk.storage.append, batch, streams)
        self._metrics.generated.inc(len(batch))
        for number, mailbox in moved.items():
            mailbox.committed = streams[number].sequence
            mailbox.wake()
