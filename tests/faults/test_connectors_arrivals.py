"""Events that arrive while connectors, and now and then the network, are killed: all are on wa.events, in order per chat.

`make arrivals` runs it with an hour's worth of arrivals at 200 a second and a kill a minute, as fast as the machine can.
"""

import os
import random
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from tests.faults.connectors import CHATS, CONNECTORS, SEED, Fleet, running_fleet
from tests.faults.fencing import breaches
from tests.processes import Process, eventually

from waypost_connector.simulated.world import casts

EVENTS = int(os.environ.get("WAYPOST_TEST_ARRIVALS", "20000"))
KILLS = int(os.environ.get("WAYPOST_TEST_ARRIVALS_KILLS", "4"))
SESSIONS = 30
WORLD = ("--history", "20", "--rate", "0", "--queue", "500", "--events", str(EVENTS))
NETWORK_ONCE_IN = 4

pytestmark = [pytest.mark.slow, pytest.mark.crowded, pytest.mark.timeout(120 + EVENTS / 100 + KILLS * 30)]


@pytest.fixture
async def fleet(kafka_server: str, mongod_server: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with running_fleet(kafka_server, mongod_server, tmp_path, *WORLD, sessions=SESSIONS, ingest=False) as fleet:
        yield fleet


async def test_every_acknowledged_event_is_on_the_topic_in_order_per_chat_whoever_is_killed(fleet: Fleet) -> None:
    chance, began = random.Random(SEED), time.monotonic()
    for number, moment in enumerate(sorted(chance.sample(range(EVENTS), KILLS)), 1):
        await until_acknowledged(fleet, moment)
        kill_and_start(fleet.connectors[chance.choice(CONNECTORS)] if number % NETWORK_ONCE_IN else fleet.network)
    await until_acknowledged(fleet, EVENTS)
    seconds = time.monotonic() - began
    acknowledged = len(fleet.record.acknowledged)
    copies = await assert_all_there_in_order(fleet)
    print(f"{acknowledged} events in {seconds:.0f} s, {KILLS} kills, {copies - acknowledged} published again")  # noqa: T201
    assert fleet.log.unfenced == []
    assert fleet.log.fallen == []
    assert breaches(fleet.record.lines) == []


def kill_and_start(process: Process) -> None:
    process.end(signal.SIGKILL)
    process.start()


async def until_acknowledged(fleet: Fleet, count: int) -> None:
    """At least so many."""

    def enough() -> bool:
        for process in fleet.connectors.values():
            if not process.is_running:  # its place may have been held for a moment by the one that was killed
                process.start()
        return len(fleet.record.read().acknowledged) >= count

    await eventually(enough, lambda: f"{count} acknowledged, not {len(fleet.record.acknowledged)}\n{fleet.logs()}", every=0.1)


async def assert_all_there_in_order(fleet: Fleet) -> int:
    """Of each acknowledged event the first copy counts. Returns the number of copies."""
    wanted, last, copies, keys = dict(fleet.record.acknowledged), dict[bytes, int](), 0, set[bytes]()
    async for record in fleet.log.records():
        event = orjson.loads(record.value)["id"]
        copies += event in fleet.record.acknowledged
        keys.add(record.key)
        sequence = wanted.pop(event, None)
        if sequence is not None:
            assert sequence > last.get(record.key, 0), f"{record.key!r}: out of order"
            last[record.key] = sequence
    assert len(wanted) == 0, f"of {len(fleet.record.acknowledged)} acknowledged events {len(wanted)} are missing"
    assert_one_chat_a_person(keys)
    return copies


def assert_one_chat_a_person(keys: set[bytes]) -> None:
    """By either address, not by both."""
    for cast in casts(seed=SEED, sessions=SESSIONS, chats=CHATS):
        for person in {person for chat in cast.chats for person in chat.people if person.lid and person.phone}:
            both = {f"{cast.session}|{person.lid}".encode(), f"{cast.session}|{person.phone}".encode()}
            assert not both <= keys, "one person has two chats"
