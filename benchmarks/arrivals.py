"""Events that arrive at a steady rate, some of which are watched until they can be read."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.event_log import open_producer
from benchmarks.histories import Encoded
from benchmarks.system import System
from waypost_common.documents import Collection
from waypost_common.mongo import MongoCollection
from waypost_common.topics import EVENTS, topic_name

WATCHED_EVERY: Final = 20
LOOK_EVERY_SECONDS: Final = 0.001
GIVE_UP_SECONDS: Final = 60.0


@dataclass
class Watched:
    """Milliseconds from handing an event to the producer until its chat's document, which is stored last, has it."""

    took: list[float] = field(default_factory=list)


async def arrive(system: System, events: Sequence[Encoded], *, rate: float, warm_up_seconds: float) -> list[float]:
    """Sends all at the rate, and gives what each WATCHED_EVERY-th took that came after the warm-up.

    A sender that falls behind makes up for it: an event counts from when it was really sent.
    """
    topic = topic_name(system.settings.kafka, EVENTS)
    watched = Watched()
    async with (
        system.async_database() as database,
        open_producer(system.settings.kafka) as producer,
        asyncio.TaskGroup() as tasks,
    ):
        chats = database[Collection.CHATS]
        started = time.perf_counter()
        for number, event in enumerate(events):
            if (early := started + number / rate - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            sent = time.perf_counter()
            delivered = await producer.send(topic, event.value, key=event.key)
            if number % WATCHED_EVERY == 0 and number >= warm_up_seconds * rate:
                tasks.create_task(_watch(chats, event, delivered, sent, watched), name=f"watch event {number}")
    return watched.took


async def _watch(
    chats: MongoCollection, event: Encoded, delivered: "asyncio.Future[object]", sent: float, watched: Watched
) -> None:
    offset = getattr(await delivered, "offset")  # noqa: B009  (aiokafka's record metadata, which has no types)
    identifier = event.key.decode()
    while True:
        chat = await chats.find_one({"_id": identifier}, {"offset": True})
        now = time.perf_counter()
        if chat is not None and chat["offset"] >= offset:
            watched.took.append((now - sent) * 1_000)
            return
        if now - sent > GIVE_UP_SECONDS:
            raise TimeoutError(f"an event was not readable within {GIVE_UP_SECONDS:g} s")
        await asyncio.sleep(LOOK_EVERY_SECONDS)
