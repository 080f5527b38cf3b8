"""MongoDB as a writer may come to see it: it goes away in the midst of a batch, or answers one who fell behind very late."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from random import Random
from typing import Any, Protocol, cast

from pymongo.errors import AutoReconnect, BulkWriteError

from waypost_common.mongo import MongoDatabase


class Trouble(Protocol):
    async def before_a_read(self) -> None: ...

    async def before_a_write(self, operations: Sequence[Any]) -> Sequence[Any]:
        """Which of the operations come to pass; when not all do, the connection is lost."""


class Outage:
    """From the n-th write of a batch on, only some of the operations come to pass, and the writer learns of none."""

    def __init__(self, at_write: int, seed: int) -> None:
        self._writes_left = at_write
        self._chance = Random(seed)
        self._reached = self._chance.choice([0.0, 0.5, 1.0])

    async def before_a_read(self) -> None:
        pass

    async def before_a_write(self, operations: Sequence[Any]) -> Sequence[Any]:
        if self._writes_left > 0:
            self._writes_left -= 1
            return operations
        return _Lost(one for one in operations if self._chance.random() < self._reached)


class _Lost(list[Any]):
    """Operations after which the connection is lost."""


class Delay:
    """From the n-th call of a batch on, every call waits until it is let go."""

    def __init__(self, at_call: int) -> None:
        self._calls_left = at_call
        self.reached = asyncio.Event()
        self.over = asyncio.Event()

    async def before_a_read(self) -> None:
        if self._calls_left > 0:
            self._calls_left -= 1
            return
        self.reached.set()
        await self.over.wait()

    async def before_a_write(self, operations: Sequence[Any]) -> Sequence[Any]:
        await self.before_a_read()
        return operations


class _Found:
    def __init__(self, cursor: Any, trouble: Trouble) -> None:
        self._cursor = cursor
        self._trouble = trouble

    async def __aiter__(self) -> AsyncIterator[Any]:
        await self._trouble.before_a_read()
        async for document in self._cursor:
            yield document

    async def to_list(self, length: int | None = None) -> list[Any]:
        await self._trouble.before_a_read()
        found: list[Any] = await self._cursor.to_list(length)
        return found


class _Collection:
    def __init__(self, collection: Any, trouble: Trouble) -> None:
        self._collection = collection
        self._trouble = trouble

    def find(self, *arguments: Any, **options: Any) -> _Found:
        return _Found(self._collection.find(*arguments, **options), self._trouble)

    async def count_documents(self, *arguments: Any, **options: Any) -> Any:
        await self._trouble.before_a_read()
        return await self._collection.count_documents(*arguments, **options)

    async def insert_many(self, documents: Sequence[Any], **options: Any) -> Any:
        return await self._write(self._collection.insert_many, documents, options)

    async def bulk_write(self, operations: Sequence[Any], **options: Any) -> Any:
        return await self._write(self._collection.bulk_write, operations, options)

    async def _write(self, write: Any, operations: Sequence[Any], options: Any) -> Any:
        reached = await self._trouble.before_a_write(operations)
        if not isinstance(reached, _Lost):
            return await write(operations, **options)
        if reached:
            with suppress(BulkWriteError):
                await write(reached, **options)
        raise AutoReconnect("connection lost")


class _Database:
    def __init__(self, database: MongoDatabase, trouble: Trouble) -> None:
        self._database = database
        self._trouble = trouble

    def __getitem__(self, name: str) -> _Collection:
        return _Collection(self._database[name], self._trouble)


def troubled(database: MongoDatabase, trouble: Trouble) -> MongoDatabase:
    """The database as `trouble` lets it be seen: no more than the calls that the storage of a projection makes."""
    return cast("MongoDatabase", _Database(database, trouble))
