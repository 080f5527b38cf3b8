"""How many events a second ingest applies while it is behind."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from pymongo.read_concern import ReadConcern

from benchmarks.event_log import EventLog
from benchmarks.process_figures import cpu_seconds, cpu_seconds_of_all
from benchmarks.service import Service
from benchmarks.system import System
from waypost_common.documents import Collection

LOOK_EVERY_SECONDS = 0.05
GIVE_UP_SECONDS = 900.0


@dataclass(frozen=True, kw_only=True)
class IngestRun:
    events_per_second: float
    cpu_ms_per_event: float
    """Of all processes of ingest together."""
    cores: dict[str, float]
    """How many cores each kept busy meanwhile: ingest, mongod, kafka."""

    @property
    def saturation(self) -> str:
        return "cores busy: " + ", ".join(f"{name} {cores:.2f}" for name, cores in self.cores.items())


def ingest_log(system: System, log: EventLog, *, warm_up_share: float, processes: int = 1) -> IngestRun:
    """One run over the whole log. The clock runs from its first part applied to the last position saved.

    Positions are saved after a majority has acknowledged the documents, and by a majority themselves: the clock covers all of
    an event's work. With several processes it does not start before each has partitions.
    """
    with ExitStack() as stack:
        services = [stack.enter_context(system.service("waypost-ingest")) for _ in range(processes)]
        return watch(system, services, log.count, warm_up_share=warm_up_share)


def watch(system: System, services: Sequence[Service], count: int, *, warm_up_share: float, generation: int = 1) -> IngestRun:
    """Blocks until ingest has applied so many events to a generation. Raises LocalError where a process ends before."""
    servers = system.servers
    own = [service.child.pid for service in services]

    def cpu() -> dict[str, float]:
        others = {"mongod": cpu_seconds(servers.mongod_pid), "kafka": cpu_seconds(servers.kafka_pid)}
        return {"ingest": cpu_seconds_of_all(own)} | others

    with system.database() as database:
        positions = database.get_collection(Collection.POSITIONS, read_concern=ReadConcern("majority"))

        def applied() -> int:
            for service in services:
                service.child.require_running()
            return sum(int(one["offset"]) + 1 for one in positions.find({"generation": generation}, {"offset": 1}))

        until(lambda: applied() >= count * warm_up_share)
        until(lambda: all(service.is_ready for service in services))
        before, cpu_before, started = applied(), cpu(), time.perf_counter()
        until(lambda: applied() >= count)
        seconds, cpu_after, measured = time.perf_counter() - started, cpu(), applied() - before
    if measured <= 0:
        raise RuntimeError("too few events: all were applied before the clock could start")
    spent = {name: cpu_after[name] - cpu_before[name] for name in cpu_after}
    return IngestRun(
        events_per_second=measured / seconds,
        cpu_ms_per_event=spent["ingest"] * 1_000 / measured,
        cores={name: used / seconds for name, used in spent.items()},
    )


def until(condition: Callable[[], bool]) -> None:
    """Blocks until it holds. Raises TimeoutError after a quarter of an hour."""
    give_up = time.monotonic() + GIVE_UP_SECONDS
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError(f"not all was applied within {GIVE_UP_SECONDS:g} s")
        time.sleep(LOOK_EVERY_SECONDS)
