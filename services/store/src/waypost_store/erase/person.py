"""Under which addresses a person is known in a session, and in which of its chats they have written."""

from dataclasses import dataclass
from typing import Final

from waypost_common.documents import Collection, chat_document_id, collection_name
from waypost_common.identifiers import Jid, OrganizationId, SessionId
from waypost_common.mongo import Document, MongoDatabase, aggregate

OF_A_CONTACT: Final = ("jid", "lid", "phoneJid", "groupLid", "groupPhoneJid")
OF_A_SENDER: Final = ("senderJid", "senderLid")
ROUNDS: Final = 4
"""One address leads to the next; a person has two."""


@dataclass(kw_only=True)
class Person:
    session: SessionId
    organization: OrganizationId
    addresses: set[Jid]
    chats: dict[Jid, int]
    """Chats that can be seen, and how many messages of the person each holds."""

    @property
    def messages(self) -> int:
        return sum(self.chats.values())


class PersonFinder:
    """Looks at all messages of a session, since no index is made for what is rarely asked. Raises PyMongoError."""

    def __init__(self, database: MongoDatabase, generation: int) -> None:
        self._contacts = database[collection_name(Collection.CONTACTS, generation)]
        self._members = database[collection_name(Collection.GROUP_MEMBERS, generation)]
        self._chats = database[collection_name(Collection.CHATS, generation)]
        self._messages = database[collection_name(Collection.MESSAGES, generation)]
        self._chosen = database[Collection.ADDRESSES]

    async def find(self, session: SessionId, organization: OrganizationId, jid: Jid) -> Person:
        owned: Document = {"session": session, "organization": organization}
        addresses = {jid}
        for _ in range(ROUNDS):
            written, named = await self._written(owned, addresses)
            more = named | await self._other_addresses(owned, addresses)
            if more <= addresses:
                break
            addresses |= more
        appears_in = written.keys() | await self._groups(owned, addresses) | addresses
        ids = sorted(chat_document_id(session, chat) for chat in appears_in)
        visible = self._chats.find(owned | {"_id": {"$in": ids}, "visible": True}, ["jid"])
        chats = {Jid(chat["jid"]): written.get(Jid(chat["jid"]), 0) async for chat in visible}
        return Person(session=session, organization=organization, addresses=addresses, chats=chats)

    async def _written(self, owned: Document, addresses: set[Jid]) -> tuple[dict[Jid, int], set[Jid]]:
        """Chats with messages of the person, and how many; and the addresses that those messages name."""
        by_sender = [owned | {name: {"$in": sorted(addresses)}, "offset": {"$exists": True}} for name in OF_A_SENDER]
        found: dict[Jid, int] = {}
        named: set[Jid] = set()
        pipeline: list[Document] = [
            {"$match": {"$or": by_sender}},
            {"$group": {"_id": "$chatJid", "count": {"$sum": 1}, **{name: {"$addToSet": f"${name}"} for name in OF_A_SENDER}}},
        ]
        async for one in aggregate(self._messages, pipeline):
            found[Jid(one["_id"])] = int(one["count"])
            named |= {Jid(jid) for name in OF_A_SENDER for jid in one[name]}
        return found, named

    async def _other_addresses(self, owned: Document, addresses: set[Jid]) -> set[Jid]:
        # Each alternative by itself: with what they have in common beside it, no index is used (ARCHITECTURE.md).
        anywhere = {"$or": [owned | {name: {"$in": sorted(addresses)}} for name in OF_A_CONTACT]}
        found = {Jid(one[name]) async for one in self._contacts.find(anywhere) for name in OF_A_CONTACT if one.get(name)}
        ids = [chat_document_id(owned["session"], jid) for jid in addresses]
        found |= {Jid(one["chosen"]) async for one in self._chosen.find(owned | {"_id": {"$in": sorted(ids)}})}
        return found

    async def _groups(self, owned: Document, addresses: set[Jid]) -> set[Jid]:
        """Those that the person is or was in: a message may come late."""
        member = owned | {"member": {"$in": sorted(addresses)}}
        return {Jid(one["groupJid"]) async for one in self._members.find(member, ["groupJid"])}
