"""Resident memory of store, ingest and API while a long log waits, and after minutes of full load."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from benchmarks.event_log import publish
from benchmarks.histories import Encoded, copies
from benchmarks.http_load import ClosedLoop, chats_of
from benchmarks.ingest import until
from benchmarks.measurement import Measurement, ratio_up_to, up_to
from benchmarks.row import Row
from benchmarks.samples import median
from benchmarks.service import Service
from benchmarks.system import System, new_system
from benchmarks.workbench import LONG_TAIL, Workbench
from waypost_common.documents import Collection

MOST_MEGABYTES = {"store": 120.0, "api": 120.0, "ingest": 200.0}
FLAT = 1.1
"""What still counts as flat: from the second fifth of the time to the last."""
READERS, WRITERS = 16, 2
ENDING_SECONDS = 2.0
"""The clients go on for longer than is measured: their process takes a moment to begin."""


@contextmanager
def full_load(bench: Workbench, system: System, key: str) -> Iterator[Sequence[ClosedLoop]]:
    """16 clients list the chats of a session and 2 change one of them without waiting for it, beside whatever the log holds."""
    key_file = bench.servers.folder / f"{system.settings.mongo.database}.key"
    key_file.write_text(system.api_key())
    until(lambda: _is_there(system, key))
    session, _, jid = key.partition("|")
    seconds = bench.scale.load_seconds + ENDING_SECONDS
    port, changed = system.http_port, [f"{chats_of(session, jid)}?async=true"]
    readers = ClosedLoop(port, key_file, [f"{chats_of(session)}?limit=50"], clients=READERS, warm_up=0, seconds=seconds)
    writers = ClosedLoop(
        port, key_file, changed, clients=WRITERS, warm_up=0, seconds=seconds, method="PATCH", body='{"pinned":true}', status="202"
    )
    try:
        yield readers, writers
    finally:
        readers.kill()
        writers.kill()


def _is_there(system: System, key: str) -> bool:
    with system.database() as database:
        session = database[Collection.SESSIONS].find_one({"_id": key.partition("|")[0]})
        return session is not None and database[Collection.CHATS].find_one({"_id": key, "visible": True}) is not None


def _measure(bench: Workbench) -> list[Measurement]:
    scale, events = bench.scale, bench.encoded(LONG_TAIL)
    chat = _busiest_chat(copies(events, len(events)))
    with new_system(bench.servers) as system:
        bench.tell(f"memory: putting {scale.load_events:,} events on the topic")
        asyncio.run(publish(system.settings.kafka, copies(events, scale.load_events)))
        with (
            system.running("waypost-store", "waypost-ingest", "waypost-api") as services,
            full_load(bench, system, chat) as (readers, writers),
        ):
            bench.tell(f"memory: full load for {scale.load_seconds:g} s")
            seen = _sample(services, scale.load_seconds)
            left = scale.load_events - _applied(system)
            lists, changes = readers.wait(), writers.wait()
    notes = (
        f"{scale.load_events:,} events of lag at first, {max(left, 0):,} in the end",
        f"{lists.per_second:,.0f} lists/s, {changes.per_second:,.0f} changes/s, {lists.errors + changes.errors} errors",
    )
    most = [_most(name, megabytes) for name, megabytes in seen.items()]
    return [replace(most[0], notes=notes), *most[1:], *map(_growth, seen, seen.values())]


def _busiest_chat(events: Iterable[Encoded]) -> str:
    """Its key. One that is quieter may be deleted again before anybody asks for it."""
    counted = Counter(event.key for event in events if b'"event":"message"' in event.value)
    return counted.most_common(1)[0][0].decode()


def _sample(services: Sequence[Service], seconds: float) -> dict[str, list[float]]:
    """Megabytes of each, a hundred times."""
    seen: dict[str, list[float]] = {service.name: [] for service in services}
    until_then = time.perf_counter() + seconds
    while time.perf_counter() < until_then:
        for service in services:
            service.child.require_running()
            seen[service.name].append(service.resident_megabytes)
        time.sleep(seconds / 100)
    return seen


def _applied(system: System) -> int:
    with system.database() as database:
        return sum(int(one["offset"]) + 1 for one in database[Collection.POSITIONS].find({"generation": 1}))


def _most(name: str, megabytes: Sequence[float]) -> Measurement:
    return Measurement(
        row=ROW.name,
        what=f"resident memory of {name} under full load, most",
        unit="MB",
        ours=[max(megabytes)],
        wanted=up_to(MOST_MEGABYTES[name]),
    )


def _growth(name: str, megabytes: Sequence[float]) -> Measurement:
    fifth = max(len(megabytes) // 5, 1)
    return Measurement(
        row=ROW.name,
        what=f"resident memory of {name}, last fifth of the time",
        unit="MB",
        ours=[median(megabytes[-fifth:])],
        reference=[median(megabytes[fifth : 2 * fifth])],
        reference_name="the second fifth",
        wanted=ratio_up_to(FLAT),
    )


ROW = Row("memory", "resident memory under full load, with a long log waiting", _measure)
