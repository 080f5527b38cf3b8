"""What the system that is imported into has of the sessions: by its documents and, as far as those do not tell, by its log."""

from collections.abc import Mapping

from waypost_common.documents import PROJECTIONS, Collection, collection_name
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.mongo import MongoDatabase
from waypost_store.errors import StoreError
from waypost_store.positions import next_offsets, positions_of, shortened
from waypost_store.progress import Progress
from waypost_store.purge.documents import OF_A_SESSION, ids_of_session
from waypost_store.transfer.comparison import Comparison
from waypost_store.transfer.selection import Selection
from waypost_store.verify.log_reader import LogReader


async def stored_sessions(
    database: MongoDatabase, generation: int, sessions: list[SessionId], organization: OrganizationId
) -> set[SessionId]:
    """Those that have a document. Raises StoreError where one belongs to somebody else, or was removed: that is for ever."""
    there = set()
    wanted = {"_id": {"$in": sessions}}
    async for one in database[collection_name(Collection.SESSIONS, generation)].find(wanted, ["organization", "removed"]):
        if one["organization"] != organization:
            raise StoreError(f"session {one['_id']} belongs to another organization here: nothing was imported")
        if one["removed"]:
            raise StoreError(f"session {one['_id']} was removed here, and no event changes that: nothing was imported")
        there.add(SessionId(one["_id"]))
    return there


async def unread_from(
    database: MongoDatabase, generation: int, sessions: list[SessionId], starts: Mapping[int, int]
) -> dict[int, int]:
    """From which offsets on the log may hold events of the sessions: where they have no documents, what is not applied yet.

    Raises StoreError where they have, and the log does not hold all that those came from.
    """
    positions = await positions_of(database, generation)
    if not [one for one in sessions if await _has_documents(database, generation, one)]:
        return next_offsets(positions, starts)
    if lost := shortened(positions, starts):
        raise StoreError(
            f"the sessions have documents here, and the log of partitions {lost} no longer begins where it was first recorded: "
            "what of the export is there already cannot be told, so nothing was imported"
        )
    return dict(starts)


async def _has_documents(database: MongoDatabase, generation: int, session: SessionId) -> bool:
    if await database[collection_name(Collection.SESSIONS, generation)].find_one({"_id": session}, ["_id"]):
        return True
    for collection in OF_A_SESSION:
        stored = database[collection_name(collection, generation)]
        if collection in PROJECTIONS and await stored.find_one({"_id": ids_of_session(session)}, ["_id"]):
            return True
    return False


async def compare_log(
    log: LogReader,
    ends: Mapping[int, int],
    comparison: Comparison,
    progress: Progress,
    *,
    selection: Selection,
    stored: set[SessionId],
) -> None:
    """Reads the log on to `ends`, and takes of it what an export would: so one fits the log that it was made of.

    Raises StoreError where another organization is about to have one of the sessions.
    """
    async for records in log.read(ends):
        for record in records:
            taken = selection.take(record)
            if taken is not None:
                comparison.found(taken.key, taken.id)
        if theirs := selection.strangers - stored:
            raise StoreError(f"the log has events of session {min(theirs)} of another organization: nothing was imported")
        progress.advance(len(records))
