"""Makes an empty generation that ingest can fold the log into, or one that begins with copies of documents."""

from collections.abc import Mapping
from typing import Final

from waypost_common.documents import NO_OFFSET, Collection, PositionDocument, collection_name
from waypost_common.mongo import Document, MongoDatabase, aggregate
from waypost_store.errors import StoreError
from waypost_store.positions import shortened
from waypost_store.schema import ensure_projections
from waypost_store.waiting import Report

COPY_ORDER: Final = (
    Collection.CHATS,
    Collection.GROUPS,
    Collection.CHANNELS,
    Collection.SESSIONS,
    Collection.CONTACTS,
    Collection.GROUP_MEMBERS,
    Collection.MESSAGES,
)
"""What says how far the rest is comes first, as after a crash: the rest may be ahead of it, never behind."""


def partitions_to_carry(positions: Mapping[int, PositionDocument], starts: Mapping[int, int], *, carry: bool) -> list[int]:
    """Those whose older events are in the documents alone. Raises StoreError when that was not allowed, or does not help."""
    lost = shortened(positions, starts)
    if lost and not carry:
        raise StoreError(
            f"the log of partitions {lost} no longer begins where it was first recorded, so it does not tell all that the "
            "documents hold: with --carry the documents of these partitions are copied as they are"
        )
    if unread := [one for one in lost if starts[one] > positions[one]["offset"] + 1]:
        raise StoreError(
            f"the log of partitions {unread} begins after what was applied: events expired unread, and no "
            "rebuild brings them back"
        )
    return lost


async def prepare(
    database: MongoDatabase,
    *,
    live: int,
    generation: int,
    carried: list[int],
    positions: Mapping[int, PositionDocument],
    report: Report,
) -> None:
    """Collections, copies and positions, in this order. `positions` were read before: what is copied is as far or further.

    `generation` is this run's alone: whenever it happens, no other is touched.
    """
    await ensure_projections(database, generation)
    if carried:
        for collection in COPY_ORDER:
            report(f"copying {collection} of partitions {carried}")
            await _copy(database, collection, live, generation, carried)
    firsts: list[Document] = [dict(_first(one, generation, carried)) for one in positions.values()]
    await database[Collection.POSITIONS].insert_many(firsts)


async def _copy(database: MongoDatabase, collection: Collection, live: int, generation: int, partitions: list[int]) -> None:
    # A contact that was only ever seen in groups has no partition. What several partitions feed may be applied again.
    wanted = {} if collection is Collection.CONTACTS else {"partition": {"$in": partitions}}
    into = {"into": collection_name(collection, generation), "on": "_id", "whenMatched": "replace"}
    async for _ in aggregate(database[collection_name(collection, live)], [{"$match": wanted}, {"$merge": into}]):
        pass


def _first(live: PositionDocument, generation: int, carried: list[int]) -> PositionDocument:
    """Where the log was first recorded to begin stays as it was: what began with copies can never be made from the log alone."""
    position: PositionDocument = {
        **live,
        "_id": f"{generation}|{live['partition']}",
        "generation": generation,
    }
    if live["partition"] not in carried:
        position |= {"offset": NO_OFFSET, "eventId": None, "timestamp": None}
    return position
