"""What goes into a system under fault, and what must be there in the end: as if nothing had happened."""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain, cycle
from typing import Any

import orjson
from tests.events import event, now
from tests.pacing import paced
from tests.plugins.pipeline import Pipeline, RecordHeaders
from tests.processes import eventually
from tests.properties.reference import ReferenceModel
from tests.properties.reference.records import Record
from tests.properties.stored_view import stored_view

from waypost_common.events import Event, subject_of
from waypost_common.identifiers import EventId, SessionId, new_command_id
from waypost_common.topics import EVENTS_DLQ, OUTCOMES
from waypost_connector.simulated.world import generate_events

STRANGER = "6280000000000@s.whatsapp.net"
FLAGS: list[dict[str, Any]] = [{"change": "pinned", "pinned": True}, {"change": "pinned", "pinned": False}, {"change": "read"}]
CHANGES: list[dict[str, Any]] = [*FLAGS * 5, {"change": "deleted"}]
BURST = 20

Verdict = tuple[str, str | None]
"""Status and code of an outcome."""

Place = tuple[int, int]
"""Partition and offset of a record on `wa.events`."""


@dataclass
class History:
    """Events in the order of publication, and the headers of those that commands became."""

    events: list[Event] = field(default_factory=list)
    headers: dict[EventId, RecordHeaders] = field(default_factory=dict)

    def headers_of(self, one: Event) -> RecordHeaders:
        return self.headers.get(one.id, [])


def make_history(count: int, *, seed: int = 7) -> History:
    """The simulator's events, and among them deletions and flags that commands asked for, some published twice.

    A tenth of the commands names a chat that is never there.
    """
    chance = random.Random(seed)
    history = History()
    for one in generate_events(seed=seed, count=count, sessions=2, chats=40, history=50):
        history.events.append(one)
        subject = subject_of(one)
        if one.event == "message" and subject is not None and chance.random() < 0.1:
            change: dict[str, Any] = {"chatJid": STRANGER if chance.random() < 0.1 else subject, "requires": "stored"}
            change |= chance.choice(CHANGES)
            asked = event("chat.update", change, session=one.session, organization=one.organization, timestamp=one.timestamp)
            history.events += [asked] * (2 if chance.random() < 0.1 else 1)
            history.headers[asked.id] = [
                ("command", new_command_id().encode()),
                ("command-last", b"true"),
                ("command-deadline", str(now() + 60_000).encode()),
            ]
    return history


def sessions_of(history: History) -> dict[SessionId, str]:
    """The organization of each session."""
    return {one.session: one.organization for one in history.events}


@asynccontextmanager
async def load(pipeline: Pipeline, history: History, *, a_second: int) -> AsyncIterator[None]:
    """Publishes in small bursts for as long as the context is open, so that something is always on its way.

    After the end of the history its messages come again, as WhatsApp delivers what it holds undelivered.
    """
    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_publish_steadily(pipeline, history, a_second, over), name="load")
        yield
        over.set()


async def _publish_steadily(pipeline: Pipeline, history: History, a_second: int, over: asyncio.Event) -> None:
    again = [one for one in history.events if one.event == "message"]
    bursts = chain(_bursts(history.events), cycle(_bursts(again)))
    async for burst in paced(bursts, a_second=a_second / BURST):
        if over.is_set():
            return
        await pipeline.publish(burst, history.headers_of)


def _bursts(events: Sequence[Event]) -> list[Sequence[Event]]:
    return [events[first : first + BURST] for first in range(0, len(events), BURST)]


async def applied(pipeline: Pipeline) -> int:
    """How many events have been applied, by the recorded positions."""
    return sum([position["offset"] + 1 async for position in pipeline.database["positions"].find({})])


async def until_more_applied(pipeline: Pipeline, count: int) -> None:
    """Until that many more events have been applied: a fault now falls into the middle of work."""
    before = await applied(pipeline)

    async def more() -> bool:
        return await applied(pipeline) >= before + count

    await eventually(more, lambda: f"{count} events more applied\n{logs(pipeline)}", every=0.005)


async def until_less_behind(pipeline: Pipeline, count: int) -> None:
    """Until fewer than that many events wait to be applied."""

    async def less() -> bool:
        return sum((await pipeline.ends()).values()) - await applied(pipeline) < count

    await eventually(less, lambda: f"fewer than {count} events behind\n{logs(pipeline)}")


async def assert_as_if_nothing_had_happened(
    pipeline: Pipeline, others: Mapping[str, Verdict] | None = None, *, but: Collection[Place] = ()
) -> None:
    """Waits until everything is applied. The documents are the model's, and each command has the one outcome of the model.

    `others`: the outcomes of commands that become no event. `but`: records that the model is not told of.
    """
    await pipeline.until_applied()
    view, verdicts = modelled([one for one in await pipeline.read_all() if (one.partition, one.offset) not in but])
    verdicts |= others or {}
    assert await stored_view(pipeline.database) == view
    await assert_outcomes(pipeline, verdicts)


async def assert_outcomes(pipeline: Pipeline, verdicts: Mapping[str, Verdict]) -> None:
    """Waits until each of these commands has one; it has no second one, and no other command has any."""

    async def all_told() -> bool:
        return (await outcomes(pipeline)).keys() >= verdicts.keys()

    await eventually(all_told, lambda: f"an outcome of each command\n{logs(pipeline)}")
    assert await outcomes(pipeline) == {command: {verdict} for command, verdict in verdicts.items()}


def modelled(records: Sequence[Any]) -> tuple[Any, dict[str, Verdict]]:
    """The documents and the outcomes of commands that the reference model makes of the log."""
    model = ReferenceModel()
    verdicts: dict[str, Verdict] = {}
    for record in records:
        value = orjson.loads(record.value)
        headers = {name: text.decode() for name, text in record.headers} | {"event": value["event"]}
        outcome = model.apply(Record(record.partition, record.offset, record.key.decode(), value, headers))
        if outcome is not None:
            verdicts[outcome["command"]] = (outcome["status"], outcome["code"])
    return model.view(), verdicts


async def outcomes(pipeline: Pipeline) -> dict[str, set[Verdict]]:
    """What `wa.outcomes` says of each command. It may say so more than once, but never two things."""
    told: dict[str, set[Verdict]] = defaultdict(set)
    for record in await pipeline.read_all(OUTCOMES):
        outcome = json.loads(record.value)
        told[outcome["command"]].add((outcome["status"], outcome["code"]))
    return dict(told)


async def dead_letters(pipeline: Pipeline) -> list[tuple[Place, bytes]]:
    """Where each dead letter was on `wa.events`, and its bytes."""
    found = []
    for record in await pipeline.read_all(EVENTS_DLQ):
        headers = dict(record.headers)
        found.append(((int(headers["dlq-origin-partition"]), int(headers["dlq-origin-offset"])), record.value))
    return found


async def ends_of_operations(pipeline: Pipeline) -> dict[str, Verdict]:
    """What became of each request that was let in, once none is open: nobody waits for ever."""
    operations = pipeline.database["operations"]

    async def all_ended() -> bool:
        return await operations.count_documents({"status": {"$in": ["pending", "started"]}}) == 0

    await eventually(all_ended, lambda: f"an end of every operation\n{logs(pipeline)}")
    return {one["_id"]: (one["status"], one["code"]) async for one in operations.find({})}


def logs(pipeline: Pipeline) -> str:
    return "\n".join(process.log[-3_000:] for process in pipeline.processes)
