"""Where connectors keep which address names each person's chat, with what was chosen before it was kept."""

from typing import Final

from waypost_common.documents import Collection, collection_name
from waypost_common.mongo import Document, MongoDatabase, aggregate
from waypost_store.generations import live_generation
from waypost_store.schema import ensure_bookkeeping

DESCRIPTION = "chosen addresses of people"

OWNED: Final = {"session": True, "organization": True}
KEEP: Final = {
    "$merge": {"into": Collection.ADDRESSES.value, "on": "_id", "whenMatched": "keepExisting", "whenNotMatched": "insert"}
}
BY_PHONE: Final[list[Document]] = [
    {"$match": {"lid": {"$type": "string"}, "jid": {"$regex": r"@s\.whatsapp\.net$"}}},
    {"$project": {"_id": {"$concat": ["$session", "|", "$lid"]}, **OWNED, "jid": "$lid", "chosen": "$jid"}},
    KEEP,
]
"""Contacts whose chat has the phone JID, as far as their LID is known."""
BY_LID: Final[list[Document]] = [
    {"$match": {"type": "dm", "jid": {"$regex": "@lid$"}}},
    {"$project": {**OWNED, "jid": True, "chosen": "$jid"}},
    KEEP,
]


async def apply(database: MongoDatabase) -> None:
    await ensure_bookkeeping(database)
    generation = await live_generation(database)
    if generation is None:
        return
    for collection, pipeline in ((Collection.CONTACTS, BY_PHONE), (Collection.CHATS, BY_LID)):
        async for _ in aggregate(database[collection_name(collection, generation)], pipeline):
            pass  # it writes, and says nothing
