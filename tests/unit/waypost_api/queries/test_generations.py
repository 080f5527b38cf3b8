from typing import Any, cast

import pytest

from waypost_api.metrics import Metrics
from waypost_api.queries.generations import FORMER_READ_FOR_S, Generations
from waypost_common.generations import FORMER_FOR_S
from waypost_common.mongo import MongoDatabase

RECENT_S, LONG_S = 1.0, FORMER_FOR_S


class Pointer:
    """The one document that is asked for, and the clock."""

    def __init__(self) -> None:
        self.live, self.seconds = 1, 0.0

    def __getitem__(self, _collection: str) -> "Pointer":
        return self

    async def find_one(self, _conditions: object) -> dict[str, Any]:
        return {"_id": "live", "generation": self.live}

    def generations(self) -> Generations:
        return Generations(cast("MongoDatabase", self), ttl_s=0, metrics=Metrics(), monotonic=lambda: self.seconds)


@pytest.mark.parametrize(("unseen_s", "others"), [(RECENT_S, {1}), (LONG_S, set())])
async def test_a_former_generation_counts_unless_it_may_not_be_kept_up_any_more(unseen_s: float, others: set[int]) -> None:
    pointer = Pointer()
    generations = pointer.generations()
    assert await generations.live() == 1
    pointer.live, pointer.seconds = 2, unseen_s
    assert await generations.live() == 2
    assert await generations.others(2) == others


async def test_a_former_generation_counts_for_as_long_as_another_replica_may_read_it() -> None:
    pointer = Pointer()
    generations = pointer.generations()
    await generations.live()
    pointer.live, pointer.seconds = 2, RECENT_S
    await generations.live()
    pointer.seconds += FORMER_READ_FOR_S
    assert await generations.others(2) == set()
