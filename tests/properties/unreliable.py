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

    async def before_a_write(self, collection: str, operations: Sequence[Any]) -> Sequence[Any]:
        """Which of the operations come to pass: all of them, or `Lost` ones."""


class Outage:
    """From the n-th write of a batch on, or from the first to one collection on, only this share of the operations comes to
    pass, and the writer learns of none.
    """

    def __init__(self, at_write: int | str, share: float) -> None:
        self._writes_left = at_write
        self._share = share
        self._chance = Random(0)

    async def before_a_read(self) -> None:
        pass

    async def before_a_write(self, collection: str, operations: Sequence[Any]) -> Sequence[Any]:
        if isinstance(self._writes_left, str) and not collection.startswith(self._writes_left):
            return operations
        if isinstance(self._writes_left, int) and self._writes_left > 0:
            self._writes_left -= 1
            return operations
        return Lost(one for one in operations if self._chance.random() < self._share)


class Lost(list[Any]):
    """Operations after which the connection is lost."""


class Delay:
    """From the n-th call of a batch on, or from its first write on, every call waits until it is let go."""

    def __init__(self, at_call: int | None) -> None:
        self._calls_left = at_call
        self.reached = asyncio.Event()
        self.over = asyncio.Event()

    async def before_a_read(self) -> None:
        if self._calls_left is None:
            return
        self._calls_left -= 1
        if self._calls_left < 0:
            await self._wait()

    async def before_a_write(self, collection: str, operations: Sequence[Any]) -> Sequence[Any]:
        if self._calls_left is None:
            await self._wait()
        else:
            await self.before_a_read()
        return operations

    async def _wait(self) -> None:
        self.reached.set()
        await self.over.wait()


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
        reached = await self._trouble.before_a_write(self._collection.name, operations)
        if not isinstance(reached, Lost):
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
