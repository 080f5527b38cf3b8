"""Events that arrive at a steady rate, some of which are watched until they can be read."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from benchmarks.event_log import open_producer
from benchmarks.histories import Encoded
from benchmarks.system import System
from waypost_common.documents import Collection
from waypost_common.mongo import MongoCollection
from waypost_common.topics import EVENTS, topic_name

WATCHED_EVERY: Final = 20
LOOK_EVERY_SECONDS: Final = 0.002
GIVE_UP_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Awaited:
    chat: str
    offset: int
    sent: float


@dataclass
class Watch:
    """Looks at all awaited chats with one query at a time: however long they take, the looking costs the same."""

    chats: MongoCollection
    readable: list[float] = field(default_factory=list)
    """Milliseconds from handing an event to the producer until its chat's document, which is stored last, has it."""
    acknowledged: list[float] = field(default_factory=list)
    """The part of them until Kafka had it."""
    no_more: bool = False
    """Set once every event has been added."""
    _awaited: list[_Awaited] = field(default_factory=list)

    async def add(self, event: Encoded, delivered: "asyncio.Future[Any]", sent: float) -> None:
        offset = cast("int", (await delivered).offset)
        self.acknowledged.append((time.perf_counter() - sent) * 1_000)
        self._awaited.append(_Awaited(event.key.decode(), offset, sent))

    async def run(self) -> None:
        """Until no more can come and all are readable. Raises TimeoutError where one is not for a minute."""
        while not self.no_more or self._awaited:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            if self._awaited:
                await self._look()

    async def _look(self) -> None:
        cursor = self.chats.find({"_id": {"$in": [one.chat for one in self._awaited]}}, {"offset": True})
        offsets = {chat["_id"]: chat["offset"] async for chat in cursor}
        now = time.perf_counter()
        found = {one for one in self._awaited if offsets.get(one.chat, -1) >= one.offset}
        self.readable += [(now - one.sent) * 1_000 for one in found]
        self._awaited = [one for one in self._awaited if one not in found]
        if any(now - one.sent > GIVE_UP_SECONDS for one in self._awaited):
            raise TimeoutError(f"an event was not readable within {GIVE_UP_SECONDS:g} s")


async def arrive(system: System, events: Sequence[Encoded], *, rate: float, warm_up_seconds: float) -> Watch:
    """Sends all at the rate, and gives what was seen of each WATCHED_EVERY-th that came after the warm-up.

    A sender that falls behind makes up for it: an event counts from when it was really sent.
    """
    topic = topic_name(system.settings.kafka, EVENTS)
    async with system.async_database() as database, open_producer(system.settings.kafka) as producer:
        watch = Watch(database[Collection.CHATS])
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watch.run(), name="look at chats")
            under_way: list[asyncio.Task[None]] = []
            started = time.perf_counter()
            for number, event in enumerate(events):
                if (early := started + number / rate - time.perf_counter()) > 0:
                    await asyncio.sleep(early)
                sent = time.perf_counter()
                delivered = await producer.send(topic, event.value, key=event.key)
                if number % WATCHED_EVERY == 0 and number >= warm_up_seconds * rate:
                    added = tasks.create_task(watch.add(event, delivered, sent), name=f"event {number}")
                    under_way.append(added)
            await asyncio.gather(*under_way)
            watch.no_more = True
    return watch
