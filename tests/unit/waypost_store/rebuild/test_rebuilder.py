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


async def test_reads_switch_only_when_every_replica_has_looked_anew_or_knows_that_it_has_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def positions(*_: Any) -> dict[int, Any]:
        return {}

    async def log() -> Log:
        return Log(starts={}, ends={})

    records, database = Records(), {"generations": None}
    monkeypatch.setattr(rebuilder_module, "GenerationRecords", lambda _database: records)
    monkeypatch.setattr(rebuilder_module, "positions_of", positions)
    monkeypatch.setattr("waypost_store.rebuild.rebuilder.asyncio.sleep", records.sleep)
    one = Rebuilder(database, log, report=lambda _line: None, tell=lambda _values: None)  # type: ignore[arg-type]
    await one._switch(1, 2)
    assert records.at["live instead of 1"] - records.at["ready"] > STALE_S
