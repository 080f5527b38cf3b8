"""One client's stream: the past first where it resumes, then what comes, without a gap and in the log's order for each key.

Whatever ends it early is told in its last frame; the client goes on from the last token it has.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from waypost_api.events.backlog import Backlog, Waiting
from waypost_api.events.catch_up import CatchUp
from waypost_api.events.frames import Frames
from waypost_api.events.live_log import LiveLog
from waypost_api.events.log_reader import LogCutError
from waypost_api.events.places import CatchingUp
from waypost_api.events.resume_tokens import Positions, ResumeTokens
from waypost_api.events.shown import Summary
from waypost_api.events.wish import Wish
from waypost_api.metrics import Metrics
from waypost_api.settings import StreamSettings
from waypost_common.errors import ConflictError, RateLimitedError, WaypostError
from waypost_common.identifiers import EpochMs

Write = Callable[[bytes], Awaitable[None]]
CHUNK_BYTES: Final = 64 * 1024

SLOW: Final = RateLimitedError("events come faster than you read them: connect again with the last id, or ask for fewer events")
CUT: Final = ConflictError("the log was shortened or made again: begin without an id, and read what you keep anew")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLog:
    """What all streams of this replica share."""

    live: LiveLog
    catching_up: CatchingUp
    tokens: ResumeTokens
    settings: StreamSettings
    metrics: Metrics


class Stream:
    """`start`: where to begin; a time: with what was logged from then on; None: now.

    `write` returns once the client can take more. Used once, by `run`.
    """

    def __init__(self, log: EventLog, wish: Wish, frames: Frames, start: Positions | EpochMs | None, write: Write) -> None:
        self._log = log
        self._write = write
        self._wish = wish
        self._frames = frames
        self._start = start
        self._positions: Positions | None = None
        """Up to here all was told that the wish takes."""
        self._backlog = self._empty_backlog()
        self.is_live = False
        """Whether the past has been told."""
        self._come = asyncio.Event()
        self._ended = asyncio.Event()
        self._last_words: WaypostError | None = None
        self._sending = asyncio.Lock()
        self._written_at = time.monotonic()

    def takes(self, summary: Summary) -> bool:
        return self._wish.takes(
            organization=summary.organization, session=summary.session, event=summary.event, has_code=summary.has_code
        )

    def offer(self, partition: int, offset: int, body: bytes) -> None:
        if self._positions is not None and offset < self._positions[partition]:
            return  # told already, from the past
        if self._backlog.offer(Waiting(partition, offset, body)):
            self._come.set()
        elif self.is_live:
            self.end(SLOW)

    def log_was_cut(self) -> None:
        self.end(CUT)

    def end(self, last_words: WaypostError | None = None) -> None:
        """From outside or within. The first one counts."""
        if not self._ended.is_set():
            self._last_words = last_words
            self._ended.set()

    async def run(self, watchers: Iterable[Coroutine[Any, Any, None]]) -> WaypostError | None:
        """Until it is ended; `watchers` run beside it and may do that. Returns its last words, None when there are none."""
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(self._tell_all(), name="events"),
                    tasks.create_task(self._beat(), name="heartbeat"),
                    *(tasks.create_task(watcher, name="watcher of a stream") for watcher in watchers),
                ]
                await self._ended.wait()
                for task in running:
                    task.cancel()
        finally:
            self.leave()
        return self._last_words

    def join(self) -> Positions:
        self._backlog = self._empty_backlog()
        return self._log.live.join(self._wish.organization, self)

    def leave(self) -> None:
        self._log.live.leave(self._wish.organization, self)

    @property
    def overflowed(self) -> bool:
        return self._backlog.overflowed

    async def tell(self, bodies: Sequence[bytes], positions: Positions) -> None:
        def frames() -> bytes:
            self._positions = list(positions)
            return self._events(bodies)

        await self._send(frames)

    async def _tell_all(self) -> None:
        try:
            if self._start is None:
                self._positions = self.join()
                self.is_live = True
            await self._send(lambda: self._frames.connected(self._log.settings.heartbeat_s, self._token()))
            if self._start is not None:
                await self._catch_up(self._start)
        except LogCutError:
            self.end(CUT)
        except WaypostError as error:
            self.end(error)
        while True:
            await self._come.wait()
            await self._send(self._frames_of_live)

    async def _catch_up(self, start: Positions | EpochMs) -> None:
        while True:
            await CatchUp(self._log.live, self._log.catching_up, self._wish.organization, self).run(start)
            if not self._backlog.overflowed:
                self.is_live = True
                return
            start = self._positions or start  # it was too much within the moment that ending the past took

    def _frames_of_live(self) -> bytes:
        """Nothing is awaited between taking events out and moving the position."""
        taken = self._backlog.take(CHUNK_BYTES)
        for one in taken:
            self._known_positions[one.partition] = one.offset + 1
        if not len(self._backlog):
            self._come.clear()
        return self._events([one.body for one in taken])

    def _events(self, bodies: Sequence[bytes]) -> bytes:
        if not bodies:
            return b""
        self._log.metrics.events_streamed.inc(len(bodies))
        return self._frames.events(bodies, self._log.tokens.encode(self._wish.organization, self._known_positions))

    @property
    def _known_positions(self) -> Positions:
        """Of one that has told something."""
        if self._positions is None:
            raise RuntimeError("a stream told events before it knew where it was")
        return self._positions

    def _token(self) -> str | None:
        if self._positions is None:
            return None
        if self.is_live and not len(self._backlog):
            # What others wrote, or the wish leaves out, need not be looked at again.
            self._positions = [max(pair) for pair in zip(self._positions, self._log.live.positions, strict=True)]
        return self._log.tokens.encode(self._wish.organization, self._positions)

    def _empty_backlog(self) -> Backlog:
        settings = self._log.settings
        return Backlog(most_events=settings.queue_events, most_bytes=settings.queue_bytes)

    async def _beat(self) -> None:
        every = self._log.settings.heartbeat_s
        while True:
            await asyncio.sleep(max(0.0, self._written_at + every - time.monotonic()))
            if time.monotonic() - self._written_at >= every:
                await self._send(lambda: self._frames.heartbeat(self._token()))

    async def _send(self, frames: Callable[[], bytes]) -> None:
        """One at a time, so that the token is that of all that was sent before. Waits for a client that reads slowly."""
        async with self._sending:
            if data := frames():
                await self._write(data)
                self._written_at = time.monotonic()
