"""Saves positions beside the next batch: what they tell is safe already, and nobody waits for them."""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from waypost_common.consumption import FIRST_BACKOFF_S, LONGEST_BACKOFF_S, RetryLaterError
from waypost_common.crash_points import CrashPoint, CrashPoints
from waypost_ingest.metrics import IngestMetrics, Stage
from waypost_ingest.positions import Position, Positions

log = structlog.stdlib.get_logger(__name__)


class PositionSaver:
    """One save at a time; of what is reached meanwhile the newest is saved next. An outage of MongoDB is waited for.

    A process that ends before a save leaves an older position: the events after it come again, and change nothing (rule R3).
    """

    def __init__(self, positions: Positions, metrics: Callable[[], IngestMetrics], crash: CrashPoints) -> None:
        """`metrics`: where a save is told at the moment."""
        self._positions = positions
        self._metrics = metrics
        self._crash = crash
        self._newest: dict[int, Position] = {}
        self._saving: asyncio.Task[None] | None = None

    def reached(self, positions: Iterable[Position]) -> None:
        """To be called once all that these positions cover is acknowledged by a majority, and told (rules R4, R6).

        Does not block. Raises what ended the last save, other than an outage.
        """
        self._newest |= {position.partition: position for position in positions}
        if self._saving is not None and self._saving.done():
            self._saving.result()
            self._saving = None
        if self._saving is None:
            self._saving = asyncio.create_task(self._save(), name="save positions")  # noqa: TID251  (held, and awaited in `stop`)

    async def stop(self, deadline_s: float) -> None:
        """Gives the last save so long. Raises what ended it, other than an outage."""
        if self._saving is None:
            return
        done, _ = await asyncio.wait({self._saving}, timeout=deadline_s)
        if done:
            self._saving.result()
            return
        self._saving.cancel()
        await asyncio.gather(self._saving, return_exceptions=True)

    async def _save(self) -> None:
        backoff = FIRST_BACKOFF_S
        while self._newest:
            positions, self._newest = self._newest, {}
            try:
                with self._metrics().stage_seconds.labels(Stage.POSITIONS).time():
                    await self._positions.save(positions.values())
            except RetryLaterError as error:
                self._newest = positions | self._newest
                log.warning("positions_not_saved", reason=str(error), seconds=backoff)
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, LONGEST_BACKOFF_S)
                continue
            backoff = FIRST_BACKOFF_S
            self._crash.passed(CrashPoint.INGEST_AFTER_POSITIONS)
