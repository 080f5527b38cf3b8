"""`waypost retention`: messages older than so many days vanish from their chats, by one event for each chat that has some."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from waypost_common.clock import now_ms
from waypost_common.documents import Collection, collection_name
from waypost_common.event_payloads import ChatChange
from waypost_common.events import DAY_MS
from waypost_common.identifiers import EpochMs, Jid, OrganizationId, SessionId
from waypost_common.kafka import create_producer, started
from waypost_common.mongo import Document, MongoDatabase, open_client, open_database
from waypost_common.publishing import Message
from waypost_common.topics import EVENTS, topic_name
from waypost_store.chat_updates import chat_update, message_of
from waypost_store.generations import require_live_generation
from waypost_store.progress import Progress
from waypost_store.publishing import publish_or_end
from waypost_store.scope import Scope, sessions_of
from waypost_store.settings import StoreSettings
from waypost_store.waiting import Report

AT_ONCE: Final = 500


@dataclass(frozen=True, kw_only=True)
class Retained:
    before: EpochMs
    sessions: int
    chats: int
    """That had older messages, and were sent the event; with `dry_run`: would have been."""


class Chat(NamedTuple):
    session: SessionId
    organization: OrganizationId
    jid: Jid


async def retention(settings: StoreSettings, scope: Scope, *, keep_days: int, dry_run: bool, report: Report) -> Retained:
    """May be interrupted and run again: chats that were trimmed already are passed over, once ingest has folded that.

    Raises StoreError, KafkaError, PyMongoError.
    """
    now = now_ms()
    before = EpochMs(max(0, now - keep_days * DAY_MS))
    async with open_client(settings.mongo, application="waypost-retention") as client:
        database = open_database(client, settings.mongo)
        generation = await require_live_generation(database)
        sessions = await sessions_of(database, generation, scope)
        looking = Progress(report, "chats looked at")
        chats = _with_old_messages(database, generation, sessions.there, before, looking)
        count = sum([1 async for _ in chats]) if dry_run else await _trim(settings, chats, now=now, before=before)
        return Retained(before=before, sessions=len(sessions.there), chats=count)


async def _with_old_messages(
    database: MongoDatabase,
    generation: int,
    sessions: Mapping[SessionId, OrganizationId],
    before: EpochMs,
    looking: Progress,
) -> AsyncIterator[Chat]:
    """Chats with a message that can be seen and is too old: an event for every chat, every day, would only fill the log."""
    chats = database[collection_name(Collection.CHATS, generation)]
    messages = database[collection_name(Collection.MESSAGES, generation)]
    for session, organization in sessions.items():
        owned: Document = {"session": session, "organization": organization}
        visible = owned | {"visible": True, "trimmedBefore": {"$lt": before}}
        looking.total += await chats.count_documents(visible)
        async for chat in chats.find(visible, ["jid", "epoch", "trimmedBefore"]):
            old = {"$gte": chat["trimmedBefore"], "$lt": before}
            if await messages.find_one(owned | {"chatJid": chat["jid"], "epoch": chat["epoch"], "effectiveAt": old}, ["_id"]):
                yield Chat(session, organization, Jid(chat["jid"]))
            looking.advance(1)


async def _trim(settings: StoreSettings, chats: AsyncIterator[Chat], *, now: EpochMs, before: EpochMs) -> int:
    """How many there were."""
    topic = topic_name(settings.kafka, EVENTS)
    producer = create_producer(settings.kafka, client_id="waypost-retention")
    count = 0
    messages: list[Message] = []
    async with started(producer):
        async for chat in chats:
            messages.append(message_of(topic, chat_update(*chat, ChatChange.TRIMMED, now, before=before)))
            count += 1
            if len(messages) == AT_ONCE:
                await publish_or_end(producer, messages)
                messages = []
        await publish_or_end(producer, messages)
    return count
