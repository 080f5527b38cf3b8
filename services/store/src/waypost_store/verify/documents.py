"""Reading one generation's documents for comparison: in pages by id, or by their ids."""

from collections.abc import AsyncIterator, Iterable
from typing import Final

from waypost_common.documents import Collection, collection_name
from waypost_common.identifiers import SessionId
from waypost_common.mongo import Document, MongoDatabase
from waypost_store.purge.documents import ids_of_session
from waypost_store.verify.differences import Key

PAGE: Final = 1_000
Page = dict[str, Document]


class Documents:
    def __init__(self, database: MongoDatabase, generation: int) -> None:
        self._database = database
        self._generation = generation

    async def estimated(self, collection: Collection) -> int:
        return await self._database[collection_name(collection, self._generation)].estimated_document_count()

    async def page(self, collection: Collection, ids: Document) -> Page:
        """The first PAGE of those whose id fits, by id."""
        query = {"_id": ids} if ids else {}
        found = self._database[collection_name(collection, self._generation)].find(query).sort("_id", 1).limit(PAGE)
        return {document["_id"]: document async for document in found}

    async def of(self, keys: Iterable[Key]) -> dict[Key, Document]:
        by_collection: dict[Collection, list[str]] = {}
        for key in keys:
            by_collection.setdefault(key.collection, []).append(key.id)
        found = {}
        for collection, ids in by_collection.items():
            for start in range(0, len(ids), PAGE):
                query = {"_id": {"$in": ids[start : start + PAGE]}}
                async for document in self._database[collection_name(collection, self._generation)].find(query):
                    found[Key(collection, document["_id"])] = document
        return found


async def pages(
    stored: Documents, folded: Documents, collection: Collection, session: SessionId | None
) -> AsyncIterator[tuple[Page, Page]]:
    """Both sides of the same range of ids, range after range, until both are read whole."""
    ids: Document = {}
    if session is not None:
        ids = {"$eq": session} if collection is Collection.SESSIONS else ids_of_session(session)
    while True:
        sides = (await stored.page(collection, ids), await folded.page(collection, ids))
        ends = [max(side) for side in sides if len(side) == PAGE]
        if not ends:
            yield sides
            return
        last = min(ends)
        first, second = ({key: document for key, document in side.items() if key <= last} for side in sides)
        yield first, second
        ids = ids | {"$gt": last}
