"""When a generation that has caught up is made live."""

from typing import Any

import pytest

from waypost_common.generations import STALE_S, Generations, GenerationState
from waypost_store.rebuild import rebuilder as rebuilder_module
from waypost_store.rebuild.rebuilder import Log, Rebuilder


class Records:
    """Notes when each is called, on a clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.at: dict[str, float] = {}

    async def all(self) -> Generations:
        return Generations(live=1, states={2: GenerationState.READY})

    async def move(self, _generation: int, state: GenerationState, *, out_of: set[GenerationState]) -> None:
        assert GenerationState.BUILDING in out_of
        self.at[state.value] = self.now

    async def make_live(self, _generation: int, *, instead_of: int) -> None:
        self.at[f"live instead of {instead_of}"] = self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Positions:
    """Of both generations, moved on by each look."""

    def __init__(self, live: list[int], new: list[int]) -> None:
        """The last applied offset at each look; the last one stays."""
        self.seen = {1: live, 2: new}

    async def __call__(self, _database: Any, generation: int) -> dict[int, Any]:
        offsets = self.seen[generation]
        return {0: {"offset": offsets.pop(0) if len(offsets) > 1 else offsets[0], "logStart": 0}}


async def switched(monkeypatch: pytest.MonkeyPatch, positions: Positions) -> Records:
    async def log() -> Log:
        return Log(starts={0: 0}, ends={0: 100})

    records, database = Records(), {"generations": None}
    monkeypatch.setattr(rebuilder_module, "GenerationRecords", lambda _database: records)
    monkeypatch.setattr(rebuilder_module, "positions_of", positions)
    monkeypatch.setattr("waypost_store.rebuild.rebuilder.asyncio.sleep", records.sleep)
    one = Rebuilder(database, log, report=lambda _line: None, tell=lambda _values: None)  # type: ignore[arg-type]
    await one._switch(1, 2)
    return records


async def test_reads_switch_only_when_every_replica_has_looked_anew_or_knows_that_it_has_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = await switched(monkeypatch, Positions(live=[9], new=[9]))
    assert records.at["live instead of 1"] - records.at["ready"] > STALE_S


async def test_reads_switch_only_when_the_new_generation_is_as_far_as_the_live_one(monkeypatch: pytest.MonkeyPatch) -> None:
    positions = Positions(live=[9], new=[5, 6, 7, 8, 9])
    await switched(monkeypatch, positions)
    assert positions.seen[2] == [9]


async def test_reads_switch_only_when_the_live_generation_has_told_what_the_new_one_passed_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    positions = Positions(live=[2, 3, 4, 5, 6, 7], new=[5, 8])
    await switched(monkeypatch, positions)
    assert positions.seen[1] == [6, 7]
