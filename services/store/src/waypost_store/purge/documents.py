"""What may be removed, and its removal batch by batch.

Two kinds of documents are invisible for good:
- all of a removed session, because its `sessions` document stays and is `removed` for ever. Ingest may write some of them anew
  (late events, redelivery, a rebuild); they are as invisible as before, and the next round finds them;
- messages of an epoch before their chat's. A message's id holds its epoch, and a fold looks at the current one and at those
  that its own batch begins; every event of an older one lies below the chat's position, and is ignored as a redelivery.

What a trim hides stays: without the old message, one that WhatsApp sends again under its id, with a later time, would be new.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Final

from waypost_common.documents import NO_OFFSET, Collection
from waypost_common.identifiers import EpochMs, OrganizationId, SessionId
from waypost_common.mongo import Document, MongoCollection

OF_A_SESSION: Final = (
    Collection.MESSAGES,
    Collection.GROUP_MEMBERS,
    Collection.GROUPS,
    Collection.CONTACTS,
    Collection.CHANNELS,
    Collection.ADDRESSES,
    Collection.CHATS,
)
"""In the order of removal. Chats last: without them nothing tells how far the others' events were applied."""


def ids_of_session(session: SessionId) -> Document:
    """The range of `_id` that holds all of a session's documents: each begins with `<session>|`, and no session id has a `|`."""
    return {"$gt": f"{session}|", "$lt": f"{session}{chr(ord('|') + 1)}"}


def removed_before(time_ms: EpochMs) -> Document:
    """Sessions that were removed before a time. Nothing changes a removed session's document but commands it has seen."""
    return {"removed": True, "updatedAt": {"$lt": time_ms}}


def all_of_session(session: SessionId, organization: OrganizationId) -> Document:
    return {"_id": ids_of_session(session), "session": session, "organization": organization}


def ever_deleted() -> Document:
    """Chats that were deleted, whether they came back or not: those of the partial index `deleted`."""
    return {"epoch": {"$gt": NO_OFFSET}}


def older_epochs(chats: Sequence[Document]) -> Document:
    """Messages of those chats from before their last deletion. Each alternative is one range of an index."""
    return {
        "$or": [
            {
                "session": chat["session"],
                "organization": chat["organization"],
                "chatJid": chat["jid"],
                "epoch": {"$lt": chat["epoch"]},
            }
            for chat in chats
        ]
    }


async def remove(collection: MongoCollection, query: Document, *, batch: int) -> AsyncIterator[int]:
    """Removes what matches, and says after each batch how many documents that was. Raises PyMongoError.

    Rests after a batch for as long as the batch took, so that MongoDB has at least half of its time for everybody else.
    """
    while True:
        began = time.monotonic()
        ids = [document["_id"] async for document in collection.find(query, {"_id": True}).limit(batch)]
        if not ids:
            return
        removed = await collection.delete_many({"_id": {"$in": ids}})
        yield removed.deleted_count
        if len(ids) < batch:
            return
        await asyncio.sleep(time.monotonic() - began)
