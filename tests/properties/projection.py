"""The product's side of the properties: histories written into real MongoDB, each into documents of its own."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from itertools import count
from typing import Any, TypeVar

import orjson
import uvloop
from aiokafka.structs import ConsumerRecord
from pydantic import SecretStr

from tests.properties.reference.pools import SESSIONS
from tests.properties.reference.records import Record
from tests.properties.reference.writing import ulid
from tests.properties.stored_view import all_documents, view_of
from tests.properties.unreliable import Trouble, troubled
from waypost_common.documents import PROJECTIONS, collection_name
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.settings import MongoSettings
from waypost_projection.applied import CommandOutcome
from waypost_projection.logged import AnyLogged, Logged, decode
from waypost_projection.storage import ProjectionStorage
from waypost_projection.writer import ProjectionWriter
from waypost_store.schema import ensure_projections

T = TypeVar("T")
GENERATIONS = (1, 2)


class Copy:
    """The documents that one delivery of a history makes, under sessions of their own: copies live side by side."""

    def __init__(self, database: MongoDatabase, sessions: dict[str, str], generation: int) -> None:
        self._database = database
        self._sessions = sessions
        self._generation = generation
        self._storage = ProjectionStorage(database, generation)

    def writer(self) -> ProjectionWriter:
        """A writer that has just started."""
        return ProjectionWriter(self._storage)

    def troubled_writer(self, trouble: Trouble) -> ProjectionWriter:
        return ProjectionWriter(ProjectionStorage(troubled(self._database, trouble), self._generation))

    async def apply(self, records: Sequence[Record], writer: ProjectionWriter) -> list[CommandOutcome]:
        applied = await writer.apply([self._logged(record) for record in records])
        assert not applied.refused
        return applied.outcomes

    async def documents(self) -> dict[str, dict[str, Any]]:
        """Field for field, under the names that the sessions have in the history."""
        found = orjson.dumps(await all_documents(self._database, self._generation, self._sessions.values()))
        for name, own in self._sessions.items():
            found = found.replace(own.encode(), name.encode())
        documents: dict[str, dict[str, Any]] = orjson.loads(found)
        return documents

    async def view(self) -> dict[str, Any]:
        return view_of(await self.documents())

    def _logged(self, record: Record) -> AnyLogged:
        """The event as ingest decodes it from Kafka; fails when the history is not one that the contracts allow."""
        # The envelope and the key alone: elsewhere the same text would be an event id, which decides between names.
        session, *rest = record.key.split("|")
        key = "|".join([self._sessions[session], *rest]).encode()
        value = orjson.dumps(record.value | {"session": self._sessions[record.value["session"]]})
        found = decode(
            ConsumerRecord(
                topic="wa.events",
                partition=record.partition,
                offset=record.offset,
                timestamp=0,
                timestamp_type=0,
                key=key,
                value=value,
                checksum=None,
                serialized_key_size=0,
                serialized_value_size=0,
                headers=[(name, text.encode()) for name, text in record.headers.items()],
            )
        )
        assert isinstance(found, Logged), found
        return found


class Projection:
    """A database with the collections of two generations. Synchronous outside, since hypothesis is."""

    def __init__(self, url: str, database: str) -> None:
        settings = MongoSettings(url=SecretStr(url), database=database, driver="pymongo")
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._opening = open_client(settings, application="properties")
        self._database = open_database(self._runner.run(self._opening.__aenter__()), settings)
        self._numbers: Iterator[int] = count(1_000)
        for generation in GENERATIONS:
            self.run(ensure_projections(self._database, generation))

    def close(self) -> None:
        self.run(self._opening.__aexit__(None, None, None))
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def copy(self, generation: int = 1) -> Copy:
        return Copy(self._database, {name: ulid(next(self._numbers)) for name in SESSIONS}, generation)

    def clear(self) -> None:
        async def delete() -> None:
            names = [collection_name(one, generation) for one in PROJECTIONS for generation in GENERATIONS]
            await asyncio.gather(*(self._database[name].delete_many({}) for name in names))

        self.run(delete())
