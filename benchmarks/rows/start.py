"""From starting a process to its saying that it is ready."""

from benchmarks.measurement import Measurement, up_to
from benchmarks.row import Row
from benchmarks.samples import median
from benchmarks.service import Service
from benchmarks.system import new_system
from benchmarks.whole_system import quiet_network
from benchmarks.workbench import Workbench

WANTED_SECONDS = 1.5


def _started(service: Service) -> float:
    with service:
        return service.until_ready()


def _measure(bench: Workbench) -> list[Measurement]:
    took: dict[str, list[float]] = {}
    with new_system(bench.servers) as system, quiet_network(system) as network:
        for _ in range(bench.scale.starts):
            for service in network.services():
                took.setdefault(service.name, []).append(_started(service))
    for name, seconds in took.items():
        bench.tell(f"{name}: ready {median(seconds):.2f} s after its start")
    return [
        Measurement(row=ROW.name, what=f"start of {name} to ready", unit="s", ours=seconds, wanted=up_to(WANTED_SECONDS))
        for name, seconds in took.items()
    ]


ROW = Row("start", "start of each process to ready", _measure)
