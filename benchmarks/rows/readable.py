"""From an event to what can be read of it, while 1,000 events arrive a second."""

import asyncio

from benchmarks.arrivals import Watch, arrive
from benchmarks.measurement import Measurement, up_to
from benchmarks.row import Row
from benchmarks.samples import percentile
from benchmarks.system import new_system
from benchmarks.workbench import MESSAGES, Workbench

RATE = 1_000
MEDIAN_MS, HIGH_MS = 15, 60


def until_readable(bench: Workbench, *, driver: str | None = None) -> Watch:
    return bench.take("readable", lambda: _until_readable(bench, driver), driver=driver)


def _until_readable(bench: Workbench, driver: str | None) -> Watch:
    scale = bench.scale
    events = bench.encoded(MESSAGES)[: int(RATE * (scale.live_warm_up_seconds + scale.live_seconds))]
    with new_system(bench.servers, driver=driver) as system, system.running("waypost-ingest"):
        seen = asyncio.run(arrive(system, events, rate=RATE, warm_up_seconds=scale.live_warm_up_seconds))
    took = seen.readable
    bench.tell(f"event to readable: median {percentile(took, 50):.1f} ms, 99th {percentile(took, 99):.1f} ms; {_part(seen)}")
    return seen


def _part(seen: Watch) -> str:
    kafka = seen.acknowledged
    return f"until Kafka had it: median {percentile(kafka, 50):.1f} ms, 99th {percentile(kafka, 99):.1f} ms"


def _measure(bench: Workbench) -> list[Measurement]:
    runs = [until_readable(bench) for _ in range(bench.scale.rounds)]
    return [
        Measurement(
            row=ROW.name,
            what=f"event to readable at {RATE:,} events/s, {name}",
            unit="ms",
            ours=[percentile(run.readable, percent) for run in runs],
            wanted=up_to(bound),
            notes=(_part(runs[-1]),) if percent == 50 else (),
        )
        for name, percent, bound in (("median", 50, MEDIAN_MS), ("99th percentile", 99, HIGH_MS))
    ]


ROW = Row("readable", "event to readable at 1,000 events/s", _measure)
