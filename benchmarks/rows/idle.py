"""CPU of all services together while nothing happens."""

import time

from benchmarks.measurement import Measurement, up_to
from benchmarks.row import Row
from benchmarks.system import new_system
from benchmarks.whole_system import SESSIONS, all_services
from benchmarks.workbench import Workbench

WANTED_PERCENT = 2


def _measure(bench: Workbench) -> list[Measurement]:
    scale = bench.scale
    used: dict[str, list[float]] = {}
    with new_system(bench.servers) as system, all_services(system) as services:
        time.sleep(scale.idle_settle_seconds)
        for _ in range(scale.rounds):
            before, started = [service.cpu_seconds for service in services], time.perf_counter()
            time.sleep(scale.idle_seconds / scale.rounds)
            seconds = time.perf_counter() - started
            for service, at_first in zip(services, before, strict=True):
                used.setdefault(service.name, []).append((service.cpu_seconds - at_first) / seconds * 100)
    together = [sum(parts) for parts in zip(*used.values(), strict=True)]
    each = ", ".join(f"{name} {sum(parts) / len(parts):.2f}" for name, parts in used.items())
    bench.tell(f"idle: {each} % of a core")
    return [
        Measurement(
            row=ROW.name,
            what=f"CPU of all services with {SESSIONS} sessions in which nothing happens",
            unit="% of a core",
            ours=together,
            wanted=up_to(WANTED_PERCENT),
            notes=(each,),
        )
    ]


ROW = Row("idle", "CPU of all services with nothing to do", _measure)
