"""Which sessions an operator means: one, or all of an organization."""

from dataclasses import dataclass, field

from waypost_common.documents import Collection, collection_name
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.mongo import Document, MongoDatabase
from waypost_store.errors import StoreError
from waypost_store.keys import checked_name


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One session or one organization; every session of all organizations where both are None."""

    session: SessionId | None = None
    organization: OrganizationId | None = None

    @property
    def text(self) -> str:
        if self.session is not None:
            return f"session {self.session}"
        return "all organizations" if self.organization is None else f"organization {self.organization}"


@dataclass(frozen=True, kw_only=True)
class Sessions:
    there: dict[SessionId, OrganizationId]
    running: list[SessionId] = field(default_factory=list)
    """Of those: that are wanted to run."""
    removed: int = 0
    """How many more there are which were removed: of them there is nothing to be seen any more."""


def chosen_scope(session: str | None, organization: str | None) -> Scope:
    """Raises StoreError unless exactly one of both is given."""
    if (session is None) == (organization is None):
        raise StoreError("say either --session or --organization")
    return any_scope(session, organization)


def any_scope(session: str | None, organization: str | None) -> Scope:
    """The same where none of both means all there is."""
    if session is not None and organization is not None:
        raise StoreError("say --session or --organization, not both")
    return Scope(
        session=None if session is None else SessionId(checked_name(session, "--session")),
        organization=None if organization is None else OrganizationId(checked_name(organization, "--organization")),
    )


async def sessions_of(database: MongoDatabase, generation: int, scope: Scope) -> Sessions:
    """Raises StoreError when there are none, and PyMongoError."""
    wanted: Document = {}
    if scope.session is not None:
        wanted = {"_id": scope.session}
    elif scope.organization is not None:
        wanted = {"organization": scope.organization}
    there: dict[SessionId, OrganizationId] = {}
    running = []
    removed = 0
    fields = {"organization": True, "removed": True, "desired": True}
    async for one in database[collection_name(Collection.SESSIONS, generation)].find(wanted, fields).sort("_id", 1):
        if one["removed"]:
            removed += 1
            continue
        there[SessionId(one["_id"])] = OrganizationId(one["organization"])
        if one["desired"] == "running":
            running.append(SessionId(one["_id"]))
    if not there:
        why = "what there was has been removed" if removed else "look at the spelling"
        raise StoreError(f"{scope.text}: there is no session here; {why}")
    return Sessions(there=there, running=running, removed=removed)
