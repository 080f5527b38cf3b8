"""Who acts for a session: a counter in MongoDB, raised by each process that takes the session.

A process acts only within ACT_SECONDS of having begun a look that showed its fence to be the newest. Whoever takes a session that
was not released stays still for that long. So two processes never act for one session at the same time, however long one of them
was frozen or cut off, and whatever Kafka's group says.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from pymongo.errors import PyMongoError

from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.mongo import MongoFault, fault_of
from waypost_connector.backend import OvertakenError

log = structlog.stdlib.get_logger(__name__)


ACT_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.5


def seconds_since_boot() -> float:
    """Unlike `time.monotonic` on Linux it goes on while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True)
class Taking:
    session: SessionId
    organization: OrganizationId
    overtaken: Callable[[], None]
    """Called once, when another process has taken the session."""
    above: int = 0
    """A fence that was seen elsewhere: the new one is higher, also where the counter was lost."""
    only_if_free: bool = False
    """Not to be taken from another process: only where the holder before has let go of it."""


@dataclass(frozen=True)
class Taken:
    fence: int
    was_released: bool
    """Whether the holder before had let go of it, so that nobody else acts."""


class FenceRecords(Protocol):
    """What is asked of `waypost_connector.stored_fences.StoredFences`. Each raises PyMongoError."""

    async def take(self, takings: Sequence[Taking]) -> Mapping[SessionId, Taken]:
        """Raises each session's fence, all at once. What another process took in the same moment, or has, is left out."""
        ...

    async def fences(self, sessions: Sequence[SessionId]) -> Mapping[SessionId, int]:
        """Those that are held by this process still."""
        ...

    async def release(self, fences: Mapping[SessionId, int]) -> None: ...


class Hold:
    """A session in the hands of this process."""

    def __init__(
        self,
        session: SessionId,
        fence: int,
        *,
        overtaken: Callable[[], None] = lambda: None,
        not_before: float = 0.0,
        monotonic: Callable[[], float] = seconds_since_boot,
    ) -> None:
        """`not_before`: the moment, by `monotonic`, before which the holder before may still act. `overtaken` is called once."""
        self.session = session
        self.fence = fence
        self._overtaken = overtaken
        self._not_before = not_before
        self._monotonic = monotonic
        self._seen = float("-inf")
        self._lost = asyncio.Event()
        self._changed = asyncio.Event()

    @property
    def is_lost(self) -> bool:
        return self._lost.is_set()

    @property
    def has_begun(self) -> bool:
        return self._not_before <= self._monotonic()

    def is_current(self) -> bool:
        """Whether to act is allowed at this very moment: with anything awaited before the act, ask again."""
        return not self._lost.is_set() and self.has_begun and self._monotonic() < self._seen + ACT_SECONDS

    def check(self) -> None:
        """Raises OvertakenError unless `is_current`."""
        if not self.is_current():
            raise OvertakenError("another connector may own the session now")

    async def confirmed(self) -> None:
        """Waits until `is_current`: as long as MongoDB is away, or another process may act still. Raises OvertakenError."""
        while not self.is_current():
            if self._lost.is_set():
                raise OvertakenError("another connector owns the session now")
            early = self._not_before - self._monotonic()
            self._changed.clear()
            try:
                async with asyncio.timeout(max(early, 0) or None):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def see(self, at: float) -> None:
        """The fence was the newest in a look that began then."""
        self._seen = max(self._seen, at)
        self._changed.set()

    def end(self) -> None:
        """Nobody acts under this hold any more. Idempotent."""
        self._lost.set()
        self._changed.set()

    def overtake(self) -> None:
        """Ends it, and says so."""
        self.end()
        self._overtaken()


class Fences:
    """Of all sessions that this process holds. `run` looks at them; takes and releases go along with its looks."""

    def __init__(self, records: FenceRecords, *, monotonic: Callable[[], float] = seconds_since_boot) -> None:
        self._records = records
        self._monotonic = monotonic
        self._holds: dict[SessionId, Hold] = {}
        self._taking: dict[Taking, asyncio.Future[Hold]] = {}
        self._releasing: dict[SessionId, int] = {}
        self._asked = asyncio.Event()

    @asynccontextmanager
    async def held(self, taking: Taking) -> AsyncIterator[Hold]:
        """Takes the session, however long MongoDB takes for it, and lets go of it in the end.

        Raises OvertakenError when another process takes it in the same moment, or it is not free.
        """
        hold = await self._take(taking)
        try:
            yield hold
        finally:
            self._let_go(hold)

    async def _take(self, taking: Taking) -> Hold:
        """One at a time for a session."""
        future: asyncio.Future[Hold] = asyncio.get_running_loop().create_future()
        self._taking[taking] = future
        self._asked.set()
        try:
            return await future
        except asyncio.CancelledError:
            self._taking.pop(taking, None)
            if not future.cancelled():  # taken in the very moment
                self._let_go(future.result())
            raise

    def _let_go(self, hold: Hold) -> None:
        if self._holds.get(hold.session) is hold:
            del self._holds[hold.session]
        if not hold.is_lost:
            if hold.has_begun:  # else the holder before may act still, and the next one is to wait for that
                self._releasing[hold.session] = hold.fence
                self._asked.set()
            hold.end()

    async def run(self) -> None:
        """Until cancelled. Raises PyMongoError when MongoDB refuses for good; outages are waited out."""
        while True:
            self._asked.clear()
            try:
                await self.look()
            except PyMongoError as error:
                if fault_of(error) not in (MongoFault.OUTAGE, MongoFault.THERE_ALREADY):
                    raise
                log.warning("fences_not_seen", reason=type(error).__name__, held=len(self._holds))
                await asyncio.sleep(LOOK_SECONDS)
                continue
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._asked.wait()
            except TimeoutError:
                continue

    async def flush(self) -> None:
        """Releases what was let go of, so that the next holder need not wait. `run` may have ended. Raises PyMongoError."""
        if self._releasing:
            going, self._releasing = self._releasing, {}
            try:
                await self._records.release(going)
            except PyMongoError:
                self._releasing = going | self._releasing
                raise

    async def look(self) -> None:
        """Once: lets go, takes, and sees which fences are still the newest. Raises PyMongoError."""
        await self.flush()
        await self._take_all()
        began = self._monotonic()
        holds = list(self._holds.values())
        fences = await self._records.fences([hold.session for hold in holds]) if holds else {}
        for hold in holds:
            if fences.get(hold.session) == hold.fence:
                hold.see(began)
            elif not hold.is_lost:
                log.warning("session_overtaken", session=hold.session, fence=hold.fence)
                hold.overtake()

    async def _take_all(self) -> None:
        asked = dict(self._taking)
        if not asked:
            return
        began = self._monotonic()
        taken = await self._records.take(list(asked))
        until = self._monotonic() + ACT_SECONDS
        for taking, future in asked.items():
            self._taking.pop(taking, None)
            made = taken.get(taking.session)
            if made is None and not future.done():
                future.set_exception(OvertakenError("another connector has the session"))
            elif made is not None:
                not_before = began if made.was_released else until
                hold = Hold(
                    taking.session,
                    made.fence,
                    overtaken=taking.overtaken,
                    not_before=not_before,
                    monotonic=self._monotonic,
                )
                hold.see(began)
                self._holds[hold.session] = hold
                if future.done():  # cancelled meanwhile
                    self._let_go(hold)
                else:
                    future.set_result(hold)
