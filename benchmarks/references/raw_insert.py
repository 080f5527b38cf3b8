"""The same messages from memory, inserted by PyMongo in unordered bulks, and nothing else.

No Kafka, no chats, no index but that of the id.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from pymongo import MongoClient
from pymongo.write_concern import WriteConcern

from benchmarks.histories import Encoded
from benchmarks.servers import Servers
from waypost_common.documents import NO_OFFSET, message_document_id
from waypost_common.events import EVENT_ADAPTER, MessageEvent

Document = dict[str, Any]


def documents(events: Iterable[Encoded]) -> list[Document]:
    """Each message as it came, under the id that ingest gives it. Made before the clock runs."""
    decoded = (EVENT_ADAPTER.validate_json(event.value) for event in events)
    return [_document(event) for event in decoded if isinstance(event, MessageEvent)]


def _document(event: MessageEvent) -> Document:
    payload = event.payload
    identifier = message_document_id(event.session, payload.chat_jid, NO_OFFSET, payload.wa_message_id)
    head = {"_id": identifier, "session": event.session, "organization": event.organization, "createdAt": event.timestamp}
    return head | payload.model_dump(by_alias=True, exclude_unset=True)


def run_inserts(servers: Servers, messages: Sequence[Document], bulk_size: int, warm_up_share: float) -> float:
    """Messages a second, acknowledged by a majority."""
    name = f"raw_{uuid4().hex[:8]}"
    with MongoClient[Document](servers.mongo_url) as client:
        collection = client[name].get_collection("messages", write_concern=WriteConcern(w="majority"))
        warm_up = int(len(messages) * warm_up_share)
        try:
            _insert(collection, messages[:warm_up], bulk_size)
            started = time.perf_counter()
            _insert(collection, messages[warm_up:], bulk_size)
            seconds = time.perf_counter() - started
        finally:
            client.drop_database(name)
    return (len(messages) - warm_up) / seconds


def _insert(collection: Any, messages: Sequence[Document], bulk_size: int) -> None:
    for start in range(0, len(messages), bulk_size):
        collection.insert_many(messages[start : start + bulk_size], ordered=False)
