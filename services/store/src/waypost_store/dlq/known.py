"""Looks up what the documents say of what a few dead letters are about."""

from collections.abc import Iterable

from waypost_common.commands import CommandEnvelope
from waypost_common.documents import Collection, collection_name
from waypost_common.events import key_of
from waypost_common.mongo import MongoDatabase
from waypost_store.dlq.refusals import Chat, Found, Known, Owner


async def look_up(database: MongoDatabase, generation: int, found: Iterable[Found]) -> Known:
    events = []
    commands = []
    for one in found:
        if isinstance(one, CommandEnvelope):
            commands.append(one.id)
        else:
            events.append(one)
    sessions = {}
    removed = set()
    named: dict[str, object] = {"_id": {"$in": sorted({event.session for event in events})}}
    async for session in database[collection_name(Collection.SESSIONS, generation)].find(
        named, {"organization": True, "removed": True}
    ):
        sessions[session["_id"]] = Owner(session["_id"], session["organization"])
        if session.get("removed"):
            removed.add(session["_id"])
    chats = {}
    keyed: dict[str, object] = {"_id": {"$in": sorted({key_of(event) for event in events})}}
    fields = {"session": True, "organization": True, "partition": True, "epoch": True}
    async for chat in database[collection_name(Collection.CHATS, generation)].find(keyed, fields):
        owner = Owner(chat["session"], chat["organization"])
        chats[chat["_id"]] = Chat(owner=owner, partition=chat["partition"], epoch=chat["epoch"])
    operations = {}
    async for operation in database[Collection.OPERATIONS].find(
        {"_id": {"$in": commands}}, {"session": True, "organization": True}
    ):
        operations[operation["_id"]] = Owner(operation.get("session"), operation.get("organization"))
    return Known(sessions=sessions, removed=frozenset(removed), chats=chats, operations=operations)
