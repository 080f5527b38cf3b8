"""Notes which dead letters are done with."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from getpass import getuser
from socket import gethostname
from typing import Final

from pymongo import ReplaceOne

from waypost_common.documents import Collection, SettledLetterDocument
from waypost_common.identifiers import EpochMs, Offset
from waypost_common.kafka import create_admin
from waypost_common.mongo import MongoDatabase
from waypost_common.report.letters import Letter, Queue
from waypost_common.report.settled import How
from waypost_common.settings import KafkaSettings
from waypost_store.setup.topics import retention_ms

SLACK: Final = timedelta(days=15)
"""Kafka deletes whole segments, and begins a new one after a week at the latest, so records outlive the retention time."""


def operator() -> str:
    """Who runs this program, for the record."""
    try:
        name = getuser()
    except (KeyError, OSError):
        name = "unknown"
    return f"{name}@{gethostname()}"


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
