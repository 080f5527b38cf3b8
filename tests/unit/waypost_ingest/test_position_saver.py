"""Positions are saved beside the next batch, the newest of each partition, through outages."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from waypost_common.consumption import RetryLaterError
from waypost_common.crash_points import NO_CRASH
from waypost_common.identifiers import EpochMs, EventId, Offset
from waypost_ingest import position_saver
from waypost_ingest.metrics import IngestMetrics
from waypost_ingest.position_saver import PositionSaver
from waypost_ingest.positions import Position

DEADLINE_S = 5.0


def position(partition: int, offset: int) -> Position:
    return Position(
        partition=partition, offset=Offset(offset), event=EventId(f"E{offset}"), timestamp=EpochMs(1), log_start=Offset(0)
    )


class FakePositions:
    """A save ends when the test lets it."""

    def __init__(self) -> None:
        self.saves: list[dict[int, int]] = []
        self.errors: list[Exception] = []
        self.let = asyncio.Event()
        self.let.set()

    async def save(self, positions: Iterable[Position]) -> None:
        taken = {one.partition: one.offset for one in positions}
        await self.let.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.saves.append(dict(taken))


@pytest.fixture
def positions() -> FakePositions:
    return FakePositions()


@pytest.fixture
def saver(positions: FakePositions, monkeypatch: pytest.MonkeyPatch) -> PositionSaver:
    monkeypatch.setattr(position_saver, "FIRST_BACKOFF_S", 0.0)
    stored: Any = positions
    return PositionSaver(stored, IngestMetrics, NO_CRASH)


async def saved(saver: PositionSaver) -> None:
    await saver.stop(DEADLINE_S)


async def test_what_is_reached_is_saved_without_being_waited_for(saver: PositionSaver, positions: FakePositions) -> None:
    saver.reached([position(0, 5), position(1, 3)])
    assert positions.saves == []
    await saved(saver)
    assert positions.saves == [{0: 5, 1: 3}]


async def test_of_what_is_reached_during_a_save_the_newest_is_saved_next(saver: PositionSaver, positions: FakePositions) -> None:
    positions.let.clear()
    saver.reached([position(0, 5)])
    await asyncio.sleep(0)
    saver.reached([position(0, 6), position(1, 1)])
    saver.reached([position(0, 7)])
    positions.let.set()
    await saved(saver)
    assert positions.saves == [{0: 5}, {0: 7, 1: 1}]


async def test_an_outage_is_waited_for_and_takes_back_no_newer_position(saver: PositionSaver, positions: FakePositions) -> None:
    positions.errors = [RetryLaterError("MongoDB is away")] * 2
    positions.let.clear()
    saver.reached([position(0, 5), position(1, 1)])
    await asyncio.sleep(0)
    saver.reached([position(0, 6)])
    positions.let.set()
    await saved(saver)
    assert positions.saves == [{0: 6, 1: 1}]


async def test_a_bug_in_a_save_ends_the_next_batch(saver: PositionSaver, positions: FakePositions) -> None:
    positions.errors = [ZeroDivisionError("a bug")]
    saver.reached([position(0, 5)])
    with pytest.raises(ZeroDivisionError):
        await saved(saver)
    with pytest.raises(ZeroDivisionError):
        saver.reached([position(0, 6)])


async def test_a_save_is_told_where_it_belongs_at_the_moment(positions: FakePositions) -> None:
    before, now = IngestMetrics(), IngestMetrics()
    stored: Any = positions
    told = iter([before, now])
    saver = PositionSaver(stored, lambda: next(told), NO_CRASH)
    for offset in (5, 6):
        saver.reached([position(0, offset)])
        await saved(saver)
    assert [sampled(one) for one in (before, now)] == [1.0, 1.0]


def sampled(metrics: IngestMetrics) -> float | None:
    return metrics.registry.get_sample_value("waypost_ingest_stage_seconds_count", {"stage": "positions"})


async def test_a_save_that_takes_too_long_is_given_up_at_the_end(saver: PositionSaver, positions: FakePositions) -> None:
    positions.let.clear()
    saver.reached([position(0, 5)])
    await saver.stop(0.0)
    positions.let.set()
    assert positions.saves == []


async def test_stopping_before_anything_was_reached_does_nothing(saver: PositionSaver, positions: FakePositions) -> None:
    await saver.stop(DEADLINE_S)
    assert positions.saves == []
