"""What every query is bound to: one session of one organization, in the generation that reads follow."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from waypost_api.metrics import Metrics
from waypost_common.documents import NO_OFFSET, Collection, collection_name
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.mongo import Document, MongoCollection, MongoDatabase, aggregate_page
from waypost_common.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Scope:
    database: MongoDatabase
    generation: int
    organization: OrganizationId
    session: SessionId

    def collection(self, collection: Collection) -> MongoCollection:
        return self.database[collection_name(collection, self.generation)]

    def owned(self, conditions: Document) -> Document:
        return {"session": self.session, "organization": self.organization, **conditions}

    def owned_any(self, *alternatives: Document) -> Document:
        """Any of these, each bound by itself: MongoDB then looks each up in an index of its own (a condition beside the
        `$or` makes it read all of the session instead).
        """
        return {"$or": [self.owned(conditions) for conditions in alternatives]}

    async def find_with_session(
        self, conditions: Document, collection: Collection, *then: Document, at_most: int
    ) -> tuple[bool, list[Document]]:
        """Whether the session is there, and the documents that meet the conditions after the stages `then`: one round trip."""
        session = {"_id": self.session, "organization": self.organization, "removed": {"$ne": True}}
        sessions = collection_name(Collection.SESSIONS, self.generation)
        mark = {"$unionWith": {"coll": sessions, "pipeline": [{"$match": session}, {"$project": {"_id": {"$literal": None}}}]}}
        pipeline = [{"$match": conditions}, *then, mark]
        found = await aggregate_page(self.collection(collection), pipeline, at_most=at_most + 1)
        documents = [document for document in found if document["_id"] is not None]
        return len(documents) < len(found), documents

    def id_range(self, *, after: str | None = None, within: str = "") -> Document:
        """Ids of this session's documents (`<session>|<within><jid>`), in order: the index that is always there."""
        start = f"{self.session}|{within}"
        end = f"{self.session}|{within[:-1]}}}" if within else f"{self.session}}}"
        return {"_id": {"$gt": start if after is None else start + after, "$lt": end}}


class Generations:
    """The generation that reads follow, known for `ttl_s`."""

    def __init__(
        self, database: MongoDatabase, *, ttl_s: float, metrics: Metrics, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._collection = database[Collection.GENERATIONS]
        self._positions = database[Collection.POSITIONS]
        self._ttl_s = ttl_s
        self._metrics = metrics
        self._monotonic = monotonic
        self._known: tuple[float, int] | None = None

    async def live(self) -> int:
        now = self._monotonic()
        known = self._known
        fresh = known is not None and now < known[0]
        self._metrics.cache("generation", hit=fresh)
        if known is not None and fresh:
            return known[1]
        pointer: Any = await self._collection.find_one({"_id": "live"})
        generation: int = 1 if pointer is None else pointer["generation"]
        self._known = (now + self._ttl_s, generation)
        return generation

    async def show(self, generation: int, outcome: Outcome) -> bool:
        """Whether the documents of `generation` show an effect that another generation told of; so too once that is dropped."""
        told_by, partition, offset = outcome.generation, outcome.partition, outcome.offset
        if told_by in {None, generation} or partition is None or offset is None:
            return True
        reached: dict[int, int] = {}
        both = [f"{one}|{partition}" for one in (generation, told_by)]
        async for position in self._positions.find({"_id": {"$in": both}}):
            reached[position["generation"]] = position["offset"]
        return told_by not in reached or reached.get(generation, NO_OFFSET) >= offset
