"""The product's side of the properties: a history written into real MongoDB, batch by batch."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka.structs import ConsumerRecord
from pydantic import SecretStr

from tests.properties.reference.records import Record
from tests.properties.stored_view import all_documents, stored_view
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.settings import MongoSettings
from waypost_projection.logged import AnyLogged, Logged, decode
from waypost_projection.storage import ProjectionStorage
from waypost_projection.writer import CommandOutcome, ProjectionWriter

PROJECTIONS = ("sessions", "chats", "messages", "contacts", "groups", "group_members", "channels")


def logged(record: Record) -> AnyLogged:
    """The event as ingest decodes it from Kafka; fails when the history is not one that the contracts allow."""
    found = decode(
        ConsumerRecord(
            topic="wa.events",
            partition=record.partition,
            offset=record.offset,
            timestamp=0,
            timestamp_type=0,
            key=record.key.encode(),
            value=json.dumps(record.value).encode(),
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=0,
            headers=[(name, value.encode()) for name, value in record.headers.items()],
        )
    )
    assert isinstance(found, Logged), found
    return found


class Projection:
    """Documents of one generation in a database of its own. Synchronous outside, since hypothesis is."""

    def __init__(self, url: str, database: str) -> None:
        self._settings = MongoSettings(url=SecretStr(url), database=database)
        self._runner = asyncio.Runner()
        self._opening = open_client(self._settings, application="properties")
        self.database: MongoDatabase = open_database(self._runner.run(self._opening.__aenter__()), self._settings)

    def close(self) -> None:
        self._runner.run(self._opening.__aexit__(None, None, None))
        self._runner.close()

    def clear(self) -> None:
        async def delete() -> None:
            await asyncio.gather(*(self.database[name].delete_many({}) for name in PROJECTIONS))

        self._runner.run(delete())

    def apply(self, batches: Iterable[Sequence[Record]]) -> list[CommandOutcome]:
        """Applies batches one after the other, each by a writer that has just started: nothing may live in memory alone."""

        async def write() -> list[CommandOutcome]:
            outcomes = []
            for batch in batches:
                writer = ProjectionWriter(ProjectionStorage(self.database, generation=1))
                applied = await writer.apply([logged(record) for record in batch])
                assert not applied.refused
                outcomes += applied.outcomes
            return outcomes

        return self._runner.run(write())

    def view(self) -> dict[str, Any]:
        return self._runner.run(stored_view(self.database))

    def documents(self) -> dict[str, Any]:
        return self._runner.run(all_documents(self.database))
