"""How far the live documents are, and whether the log still tells all of them."""

from collections.abc import Mapping

from waypost_common.documents import Collection, PositionDocument
from waypost_common.mongo import MongoDatabase
from waypost_store.errors import StoreError


async def positions_of(database: MongoDatabase, generation: int) -> dict[int, PositionDocument]:
    """By partition. Raises StoreError when none is recorded."""
    found: dict[int, PositionDocument] = {}
    async for document in database[Collection.POSITIONS].find({"generation": generation}):
        found[int(document["partition"])] = document  # type: ignore[assignment]
    if not found:
        raise StoreError(f"no positions of generation {generation} are recorded: run `waypost migrate` first")
    return found


def next_offsets(positions: Mapping[int, PositionDocument], starts: Mapping[int, int]) -> dict[int, int]:
    """The first offset that is not applied, for each partition."""
    return {partition: max(position["offset"] + 1, starts[partition]) for partition, position in positions.items()}


def shortened(positions: Mapping[int, PositionDocument], starts: Mapping[int, int]) -> list[int]:
    """Partitions whose log no longer begins where it was first recorded: the older events are in the documents alone."""
    return sorted(one for one, position in positions.items() if starts[one] > max(position["logStart"], 0))


def made_again(positions: Mapping[int, PositionDocument], ends: Mapping[int, int]) -> list[int]:
    """Partitions that end before what was applied."""
    return sorted(one for one, position in positions.items() if position["offset"] >= ends[one])
