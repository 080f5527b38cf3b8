"""Sessions. One that is another organization's and one that does not exist are asked for in the same way (rule R8)."""

from typing import Any, cast

from waypost_api.pagination import MAX_SINGLE_PAGE
from waypost_common.documents import Collection, SessionDocument, collection_name
from waypost_common.identifiers import OrganizationId
from waypost_common.mongo import Document, MongoDatabase

_NOT_REMOVED: Document = {"$ne": True}


async def find_session(
    database: MongoDatabase, generation: int, organization: OrganizationId, session: str
) -> SessionDocument | None:
    conditions = {"_id": session, "organization": organization, "removed": _NOT_REMOVED}
    found: Any = await database[collection_name(Collection.SESSIONS, generation)].find_one(conditions)
    return cast("SessionDocument | None", found)


async def find_only_session_labelled(
    database: MongoDatabase, generation: int, organization: OrganizationId, label: str
) -> SessionDocument | None:
    """None too when several of the organization's sessions have that label."""
    conditions = {"organization": organization, "label": label, "removed": _NOT_REMOVED}
    found: Any = await database[collection_name(Collection.SESSIONS, generation)].find(conditions).limit(2).to_list(2)
    return cast("SessionDocument", found[0]) if len(found) == 1 else None


async def find_session_of_any_organization(database: MongoDatabase, generation: int, session: str) -> SessionDocument | None:
    """For platform administrators alone."""
    conditions = {"_id": session, "removed": _NOT_REMOVED}
    found: Any = await database[collection_name(Collection.SESSIONS, generation)].find_one(conditions)
    return cast("SessionDocument | None", found)


async def owners_of(database: MongoDatabase, generation: int, sessions: list[str]) -> dict[str, str]:
    """The organizations of those that have a document, removed ones too: to compare with, never to be told."""
    found = database[collection_name(Collection.SESSIONS, generation)].find({"_id": {"$in": sessions}}, {"organization": True})
    return {one["_id"]: one["organization"] async for one in found}


async def list_sessions(
    database: MongoDatabase, generation: int, organization: OrganizationId, only: str | None
) -> list[SessionDocument]:
    """Oldest first (an id begins with its time), at most MAX_SINGLE_PAGE. `only`: a restricted key's session."""
    conditions: Document = {"organization": organization, "removed": _NOT_REMOVED}
    if only is not None:
        conditions["session"] = only
    cursor = database[collection_name(Collection.SESSIONS, generation)].find(conditions).sort("session", 1)
    return cast("list[SessionDocument]", await cursor.limit(MAX_SINGLE_PAGE).to_list(MAX_SINGLE_PAGE))
