"""Which dead letters are done with: Kafka deletes no single record, so MongoDB remembers those that were replayed or dropped."""

from collections.abc import Collection as Items
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from getpass import getuser
from itertools import islice
from socket import gethostname
from typing import Final, Literal, NamedTuple

from pymongo import ReplaceOne

from waypost_common.documents import Collection, SettledLetterDocument
from waypost_common.identifiers import EpochMs, Offset
from waypost_common.kafka import create_admin
from waypost_common.mongo import MongoDatabase
from waypost_common.settings import KafkaSettings
from waypost_store.dlq.letters import Letter, Queue
from waypost_store.setup.topics import retention_ms

SLACK: Final = timedelta(days=15)
"""Kafka deletes whole segments, and begins a new one after a week at the latest, so records outlive the retention time."""

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


def operator() -> str:
    """Who runs this program, for the record."""
    try:
        name = getuser()
    except (KeyError, OSError):
        name = "unknown"
    return f"{name}@{gethostname()}"


async def load_settled(database: MongoDatabase, topic: str) -> Settled:
    """`topic`: its full name."""
    found = database[Collection.DEAD_LETTERS_SETTLED].find({"topic": topic})
    return {(one["partition"], one["offset"]): Note(one["timestamp"], one["how"], one["at"], one["by"]) async for one in found}


class Settling:
    """Notes what became of letters of one queue."""

    def __init__(self, database: MongoDatabase, topic: str, *, by: str, expires_at: datetime | None) -> None:
        self._collection = database[Collection.DEAD_LETTERS_SETTLED]
        self._topic = topic
        self._by = by
        self._expires_at = expires_at

    async def note(self, letters: Sequence[Letter], how: How, at: EpochMs) -> None:
        """Returns once a majority has it. Idempotent: the last note counts."""
        if letters:
            notes = [self._document(letter, how, at) for letter in letters]
            await self._collection.bulk_write([ReplaceOne({"_id": one["_id"]}, dict(one), upsert=True) for one in notes])

    def _document(self, letter: Letter, how: How, at: EpochMs) -> SettledLetterDocument:
        document = SettledLetterDocument(
            _id=f"{self._topic}|{letter.partition}|{letter.offset}",
            topic=self._topic,
            partition=letter.partition,
            offset=Offset(letter.offset),
            timestamp=letter.at,
            how=how,
            at=at,
            by=self._by,
        )
        if self._expires_at is not None:
            document["expiresAt"] = self._expires_at
        return document


async def expiry_of(settings: KafkaSettings, queue: Queue, *, now: EpochMs) -> datetime | None:
    """When no record that is in the queue now can be there any more; None when the topic keeps its records for ever."""
    admin = create_admin(settings, client_id="waypost-dlq")
    try:
        await admin.start()
        retention = await retention_ms(admin, queue.topic(settings))
    finally:
        await admin.close()
    try:
        moment = datetime.fromtimestamp((now + retention) / 1_000, UTC) + SLACK
    except (OverflowError, ValueError, OSError):
        return None
    return None if retention < 0 else moment
