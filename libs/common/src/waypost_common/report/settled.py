"""Which dead letters are done with: Kafka deletes no single record, so MongoDB remembers those that were replayed or dropped."""

from collections.abc import Collection as Items
from collections.abc import Mapping
from itertools import islice
from typing import Literal, NamedTuple

from waypost_common.documents import Collection
from waypost_common.identifiers import EpochMs
from waypost_common.mongo import MongoDatabase
from waypost_common.report.letters import Letter

How = Literal["replayed", "dropped"]


class Note(NamedTuple):
    """What became of a dead letter."""

    timestamp: EpochMs
    """Kafka's, of the letter: another one at its place is another letter, in a topic that was made again."""
    how: How
    at: EpochMs
    by: str


Settled = Mapping[tuple[int, int], Note]
"""By partition and offset."""


def note_of(letter: Letter, settled: Settled) -> Note | None:
    """None for a letter that is not done with."""
    note = settled.get(letter.place)
    return note if note is not None and note.timestamp == letter.at else None


def newest_left(held: range, settled: Items[int], most: int) -> range:
    """The offsets to read for the newest `most` of a partition's letters that are left. Pure."""
    left = list(islice((offset for offset in reversed(held) if offset not in settled), most))
    return range(left[-1], left[0] + 1) if left else range(0)


async def load_settled(database: MongoDatabase, topic: str) -> Settled:
    """`topic`: its full name."""
    found = database[Collection.DEAD_LETTERS_SETTLED].find({"topic": topic})
    return {(one["partition"], one["offset"]): Note(one["timestamp"], one["how"], one["at"], one["by"]) async for one in found}
