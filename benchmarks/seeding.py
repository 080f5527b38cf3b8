"""Sessions with as many chats, and a chat with as many messages, as a row wants: copies of documents that ingest made.

Ingest itself would take minutes for a million; what is read is the same.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from pymongo.collection import Collection as MongoCollection

from benchmarks.event_log import publish
from benchmarks.histories import encoded, new_messages
from benchmarks.ingest import until
from benchmarks.system import Document, System
from waypost_common.documents import NO_OFFSET, Collection, chat_document_id, message_document_id, sort_key
from waypost_common.events import EVENT_ADAPTER, Event
from waypost_common.identifiers import Jid, MessageId, OrganizationId, SessionId, new_event_id
from waypost_common.jids import ChatType, chat_type

INSERTED_AT_ONCE: Final = 5_000
NEWEST_MS: Final = 1_750_000_000_000
APART_MS: Final = 1_000


@dataclass(frozen=True)
class Seed:
    """One document of each kind, as ingest made it."""

    session: Document
    chat: Document
    message: Document

    @property
    def organization(self) -> OrganizationId:
        return OrganizationId(self.session["organization"])


def plant(system: System) -> Seed:
    """Lets ingest apply a session's status and a message of a direct chat in it, and gives what it made of them."""
    messages = new_messages(1_000)
    message = next(one for one in messages if chat_type(one.payload.chat_jid) is ChatType.DM and not one.payload.from_me)
    status: Event = EVENT_ADAPTER.validate_python(
        {
            "schema": "v1",
            "id": new_event_id(),
            "event": "session.status",
            "session": message.session,
            "organization": message.organization,
            "timestamp": message.timestamp,
            "payload": {"status": "working", "operations": []},
        },
        strict=False,
    )
    asyncio.run(publish(system.settings.kafka, encoded([status, message])))
    with system.running("waypost-ingest"), system.database() as database:
        until(lambda: database[Collection.SESSIONS].find_one() is not None and database[Collection.CHATS].find_one() is not None)
        found = [database[one].find_one() for one in (Collection.SESSIONS, Collection.CHATS, Collection.MESSAGES)]
    session, chat, first = found
    if session is None or chat is None or first is None:
        raise RuntimeError("ingest made no documents to copy")
    return Seed(session, chat, first)


def add_session(system: System, seed: Seed, *, chats: int, messages: int = 0) -> tuple[SessionId, Jid]:
    """A session of its own with so many chats, the first of which has so many messages: its id, and that chat's JID."""
    session = SessionId(f"bench-{chats}-{messages}")
    first = Jid(_jid(0))
    with system.database() as database:
        database[Collection.SESSIONS].insert_one({**seed.session, "_id": session, "session": session})
        _insert(database[Collection.CHATS], (_chat(seed, session, number) for number in range(chats)))
        _insert(database[Collection.MESSAGES], (_message(seed, session, first, number) for number in range(messages)))
    return session, first


def _jid(number: int) -> str:
    return f"999{number:010d}@s.whatsapp.net"


def _chat(seed: Seed, session: SessionId, number: int) -> Document:
    jid = Jid(_jid(number))
    last = NEWEST_MS - number * APART_MS
    return {
        **seed.chat,
        "_id": chat_document_id(session, jid),
        "session": session,
        "jid": jid,
        "lastMessageAt": last,
        "sortKey": sort_key(pinned=False, last_message_at=last, jid=jid),
        # No event of its partition has changed it yet: else the first ones would count as applied.
        "offset": NO_OFFSET,
    }


def _message(seed: Seed, session: SessionId, chat: Jid, number: int) -> Document:
    identifier = MessageId(f"3EB0{number:018X}")
    return {
        **seed.message,
        "_id": message_document_id(session, chat, NO_OFFSET, identifier),
        "session": session,
        "chatJid": chat,
        "messageId": identifier,
        "effectiveAt": NEWEST_MS + number * APART_MS,
        "timestamp": NEWEST_MS + number * APART_MS,
        "offset": number,
        "appliedOffset": number,
    }


def _insert(collection: MongoCollection[dict[str, Any]], documents: Iterable[Document]) -> None:
    remaining: Iterator[Document] = iter(documents)
    while some := list(islice(remaining, INSERTED_AT_ONCE)):
        collection.insert_many(some, ordered=False)
