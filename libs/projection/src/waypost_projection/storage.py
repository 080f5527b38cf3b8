"""Reading and writing the documents of one generation. Every write is guarded: done again, it changes nothing (rule R3)."""

from collections.abc import Awaitable, Sequence
from collections.abc import Collection as Iterables
from typing import Any, Final, TypeVar, cast

from pymongo import ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from waypost_common.crash_points import NO_CRASH, CrashPoint, CrashPoints
from waypost_common.documents import (
    ChannelDocument,
    ChatDocument,
    Collection,
    Erasure,
    GroupDocument,
    GroupMemberDocument,
    MessageDocument,
    SessionDocument,
    collection_name,
)
from waypost_common.identifiers import Jid, Offset, OrganizationId, SessionId
from waypost_common.mongo import Document, MongoCollection, MongoDatabase, MongoFault, fault_of, retry_or_stop
from waypost_projection.contact_writes import contact_update, sighting_update
from waypost_projection.fold.contact import ContactChange, Sighting

D = TypeVar("D")
Operation = ReplaceOne[Document] | UpdateOne
MAX_IDS_A_QUERY: Final = 10_000


class ProjectionStorage:
    """The documents that one generation's folds read and write. Every method raises RetryLaterError when MongoDB is away."""

    def __init__(self, database: MongoDatabase, generation: int, *, crash: CrashPoints = NO_CRASH) -> None:
        self.generation = generation
        self._crash = crash

        def open_collection(collection: Collection) -> MongoCollection:
            return database[collection_name(collection, generation)]

        self.sessions = open_collection(Collection.SESSIONS)
        self.chats = open_collection(Collection.CHATS)
        self.messages = open_collection(Collection.MESSAGES)
        self.contacts = open_collection(Collection.CONTACTS)
        self.groups = open_collection(Collection.GROUPS)
        self.members = open_collection(Collection.GROUP_MEMBERS)
        self.channels = open_collection(Collection.CHANNELS)

    async def load_chats(self, ids: Iterables[str]) -> dict[str, ChatDocument]:
        return cast("dict[str, ChatDocument]", await self._load_ids(self.chats, ids))

    async def load_messages(self, ids: Iterables[str]) -> dict[str, MessageDocument]:
        return cast("dict[str, MessageDocument]", await self._load_ids(self.messages, ids))

    async def load_groups(self, ids: Iterables[str]) -> dict[str, GroupDocument]:
        return cast("dict[str, GroupDocument]", await self._load_ids(self.groups, ids))

    async def load_channels(self, ids: Iterables[str]) -> dict[str, ChannelDocument]:
        return cast("dict[str, ChannelDocument]", await self._load_ids(self.channels, ids))

    async def load_sessions(self, ids: Iterables[str]) -> dict[str, SessionDocument]:
        return cast("dict[str, SessionDocument]", await self._load_ids(self.sessions, ids))

    async def load_organizations(self, ids: Iterables[str]) -> dict[SessionId, OrganizationId]:
        """Which organization each session that has a document belongs to."""
        found = await self._load_ids(self.sessions, ids, {"organization": 1})
        return {SessionId(key): OrganizationId(document["organization"]) for key, document in found.items()}

    async def load_members(self, session: SessionId, group: Jid) -> dict[Jid, GroupMemberDocument]:
        found = await self._load(self.members, {"session": session, "groupJid": group})
        return {document["member"]: cast("GroupMemberDocument", document) for document in found.values()}

    async def load_messages_written_by(
        self, chat: ChatDocument, erasure: Erasure, *, below: Offset
    ) -> dict[str, MessageDocument]:
        """What a person wrote in a chat up to a time, created below a position."""
        query = {
            "session": chat["session"],
            "organization": chat["organization"],
            "chatJid": chat["jid"],
            "epoch": chat["epoch"],
            "effectiveAt": {"$lte": erasure["before"]},
            "offset": {"$lt": below},
            "$or": [{"senderJid": erasure["jid"]}, {"senderLid": erasure["jid"]}],
        }
        return cast("dict[str, MessageDocument]", await self._load(self.messages, query))

    async def count_unread(self, chat: ChatDocument, *, up_to: Offset) -> int:
        """Messages that count as unread by the chat's marks, among those created at positions up to `up_to`."""
        query = {
            "session": chat["session"],
            "organization": chat["organization"],
            "chatJid": chat["jid"],
            "epoch": chat["epoch"],
            "effectiveAt": {"$gt": chat["readUpTo"], "$gte": chat["trimmedBefore"]},
            "offset": {"$gt": chat["readBefore"], "$lte": up_to},
            "fromMe": False,
            "history": {"$exists": False},
        }
        try:
            return await self.messages.count_documents(query)
        except PyMongoError as error:
            raise retry_or_stop(error) from error

    async def write_messages(self, created: Sequence[MessageDocument], changed: Sequence[MessageDocument]) -> None:
        """New ones are inserted; one that is there already is replaced unless it has seen more than this one."""
        changed = list(changed)
        if created:
            changed += await self._insert(self.messages, created)
        await self._bulk(
            self.messages,
            [_guarded_replacement(message, "appliedOffset", upsert=False) for message in changed],
        )

    async def write_chats(self, chats: Sequence[ChatDocument]) -> None:
        await self._bulk(self.chats, [_guarded_replacement(chat, "offset") for chat in chats])

    async def write_sessions(self, sessions: Sequence[SessionDocument]) -> None:
        await self._bulk(self.sessions, [_guarded_replacement(session, "offset") for session in sessions])

    async def write_groups(self, groups: Sequence[GroupDocument], members: Sequence[GroupMemberDocument]) -> None:
        """Members first: the group's position says that they are stored."""
        await self._bulk(self.members, [_guarded_replacement(member, "offset") for member in members])
        await self._bulk(self.groups, [_guarded_replacement(group, "offset") for group in groups])

    async def write_channels(self, channels: Sequence[ChannelDocument]) -> None:
        await self._bulk(self.channels, [_guarded_replacement(channel, "offset") for channel in channels])

    async def write_contacts(self, changes: Sequence[ContactChange], sightings: Sequence[Sighting]) -> None:
        await self._bulk(self.contacts, [*map(contact_update, changes), *map(sighting_update, sightings)])

    async def _load_ids(
        self, collection: MongoCollection, ids: Iterables[str], fields: Document | None = None
    ) -> dict[str, Document]:
        """In parts: the ids that one batch may name do not fit into one query."""
        wanted = list(ids)
        found: dict[str, Document] = {}
        for start in range(0, len(wanted), MAX_IDS_A_QUERY):
            found |= await self._load(collection, {"_id": {"$in": wanted[start : start + MAX_IDS_A_QUERY]}}, fields)
        return found

    async def _load(self, collection: MongoCollection, query: Document, fields: Document | None = None) -> dict[str, Document]:
        try:
            return {document["_id"]: document async for document in collection.find(query, fields)}
        except PyMongoError as error:
            raise retry_or_stop(error) from error

    async def _insert(self, collection: MongoCollection, documents: Sequence[D]) -> list[D]:
        """Inserts and returns those that are there already."""
        try:
            await self._written(collection.insert_many(cast("Sequence[Document]", documents), ordered=False))
        except BulkWriteError as error:
            return [documents[failed["index"]] for failed in _duplicates(error)]
        except PyMongoError as error:
            raise retry_or_stop(error) from error
        return []

    async def _bulk(self, collection: MongoCollection, operations: Sequence[Operation]) -> None:
        """Runs those that are "already there" once more: another writer may have inserted an older state, or only its own
        fields, between an upsert's look and its insert. The second time the guard itself decides.
        """
        again = await self._run(collection, operations)
        await self._run(collection, again)

    async def _run(self, collection: MongoCollection, operations: Sequence[Operation]) -> list[Operation]:
        """Returns those that are "already there"."""
        if not operations:
            return []
        try:
            await self._written(collection.bulk_write(operations, ordered=False))
        except BulkWriteError as error:
            return [operations[failed["index"]] for failed in _duplicates(error)]
        except PyMongoError as error:
            raise retry_or_stop(error) from error
        return []

    async def _written(self, request: Awaitable[object]) -> None:
        await request
        self._crash.passed(CrashPoint.INGEST_AFTER_BULK)


def _duplicates(error: BulkWriteError) -> list[dict[str, Any]]:
    """The failed writes when each only says "already there"; raises for anything beside that (rule R3)."""
    if fault_of(error) is not MongoFault.THERE_ALREADY:
        raise retry_or_stop(error) from error
    failures: list[dict[str, Any]] = error.details["writeErrors"]
    return failures


def _guarded_replacement(document: Any, guard: str, *, upsert: bool = True) -> ReplaceOne[Document]:
    """Replaces an older state only: a state as new or newer makes the upsert fail with "already there", which is fine."""
    return ReplaceOne({"_id": document["_id"], guard: {"$lt": document[guard]}}, document, upsert=upsert)
