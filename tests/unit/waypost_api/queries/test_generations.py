from typing import Any, cast

import pytest

from waypost_api.metrics import Metrics
from waypost_api.queries.generations import FORMER_READ_FOR_S, Generations
from waypost_common.mongo import MongoDatabase

RECENT_S = 1.0


class Pointer:
    """The one document that is asked for, and the clock."""

    def __init__(self, **fields: Any) -> None:
        self.fields, self.seconds = fields, 0.0

    def __getitem__(self, _collection: str) -> "Pointer":
        return self

    async def find_one(self, _conditions: object, _fields: object) -> dict[str, Any]:
        return {"_id": "live", "generation": 2, **self.fields}

    def generations(self) -> Generations:
        return Generations(cast("MongoDatabase", self), ttl_s=0, metrics=Metrics(), monotonic=lambda: self.seconds)


@pytest.mark.parametrize(("age_s", "others"), [(RECENT_S, {1}), (FORMER_READ_FOR_S, set())])
async def test_a_former_generation_counts_for_as_long_as_another_replica_may_read_it(age_s: float, others: set[int]) -> None:
    generations = Pointer(former=1, ageMs=age_s * 1_000).generations()
    assert await generations.others(2) == others


async def test_a_switch_grows_older_between_looks_too() -> None:
    pointer = Pointer(former=1, ageMs=(FORMER_READ_FOR_S - RECENT_S) * 1_000)
    generations = pointer.generations()
    assert await generations.others(2) == {1}
    pointer.seconds += RECENT_S
    assert await generations.others(2) == set()


async def test_a_system_that_never_switched_reads_one_generation() -> None:
    assert await Pointer(ageMs=None).generations().others(2) == set()
