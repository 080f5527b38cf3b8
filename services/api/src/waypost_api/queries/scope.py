"""What every query is bound to: one session of one organization, in the generation that reads follow."""

from dataclasses import dataclass

from waypost_common.documents import Collection, collection_name
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.mongo import Document, MongoCollection, MongoDatabase, aggregate_page


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
