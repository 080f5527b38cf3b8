"""The reference: the same messages from memory, replaced by id in unordered bulks by PyMongo, and nothing else."""

import time
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

from pymongo import MongoClient, ReplaceOne
from pymongo.write_concern import WriteConcern

from benchmarks.servers import Servers
from waypost_common.events import Event, MessageEvent

BULK_SIZES = (1_000, 5_000)
"""Both are tried; the better is the reference."""


def documents(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Each message as it came, under the id that ingest gives it. Made before the clock runs."""
    return list(_documents(events))


def _documents(events: Sequence[Event]) -> Iterator[dict[str, Any]]:
    for event in events:
        if isinstance(event, MessageEvent):
            payload = event.payload.model_dump(by_alias=True, exclude_unset=True)
            head = {"session": event.session, "organization": event.organization, "createdAt": event.timestamp}
            yield {"_id": f"{event.session}|{event.payload.chat_jid}|-1|{event.payload.wa_message_id}", **head, **payload}


def measure_plain_upsert(servers: Servers, messages: Sequence[dict[str, Any]], bulk_size: int) -> float:
    """Messages a second, acknowledged by a majority, into a collection without another index than that of the id."""
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        name = f"bench_{uuid4().hex[:8]}"
        collection = client[name].get_collection("messages", write_concern=WriteConcern(w="majority"))
        warm_up = len(messages) // 10
        _write(collection, messages[:warm_up], bulk_size)
        started = time.perf_counter()
        _write(collection, messages[warm_up:], bulk_size)
        took = time.perf_counter() - started
        client.drop_database(name)
    return (len(messages) - warm_up) / took


def _write(collection: Any, messages: Sequence[dict[str, Any]], bulk_size: int) -> None:
    for start in range(0, len(messages), bulk_size):
        bulk = messages[start : start + bulk_size]
        collection.bulk_write([ReplaceOne({"_id": one["_id"]}, one, upsert=True) for one in bulk], ordered=False)
