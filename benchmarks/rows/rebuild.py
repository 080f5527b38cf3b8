"""A rebuild beside live ingest of the same log."""

from dataclasses import dataclass

from benchmarks.ingest import IngestRun, until, watch
from benchmarks.measurement import Measurement, ratio_of
from benchmarks.row import Row
from benchmarks.system import new_system
from benchmarks.workbench import LONG_TAIL, Workbench
from waypost_common.documents import Collection

WANTED = 1.0
FIRST_REBUILT = 2


@dataclass(frozen=True)
class BothRuns:
    live: IngestRun
    rebuilt: IngestRun


def run_rebuild(bench: Workbench, *, driver: str | None = None) -> BothRuns:
    """Ingest applies the log, then makes it anew beside the documents that are there, and that nothing changes meanwhile."""
    return bench.take("rebuild", lambda: _rebuild(bench, driver), driver=driver)


def _rebuild(bench: Workbench, driver: str | None) -> BothRuns:
    log, share = bench.log(LONG_TAIL), bench.scale.warm_up_share
    with (
        new_system(bench.servers, topic_prefix=log.topic_prefix, driver=driver) as system,
        system.service("waypost-ingest") as ingest,
    ):
        live = watch(system, [ingest], log.count, warm_up_share=share)
        with system.service("waypost", "rebuild") as command, system.database() as database:
            positions = database[Collection.POSITIONS]

            def begun() -> bool:
                done = positions.find_one({"generation": FIRST_REBUILT, "offset": {"$gte": 0}}) is not None
                if not done:
                    command.child.require_running()
                return done

            until(begun)
            rebuilt = watch(system, [ingest], log.count, warm_up_share=share, generation=FIRST_REBUILT)
    bench.tell(f"live {live.events_per_second:,.0f} events/s, rebuild {rebuilt.events_per_second:,.0f} events/s")
    return BothRuns(live, rebuilt)


def _measure(bench: Workbench) -> list[Measurement]:
    runs = [run_rebuild(bench) for _ in range(bench.scale.rounds)]
    return [
        Measurement(
            row=ROW.name,
            what="mixed history, folded anew",
            unit="events/s",
            ours=[run.rebuilt.events_per_second for run in runs],
            reference=[run.live.events_per_second for run in runs],
            reference_name="live ingest",
            wanted=ratio_of(WANTED),
            notes=(f"rebuild: {runs[-1].rebuilt.saturation}", f"live: {runs[-1].live.saturation}"),
        )
    ]


ROW = Row("rebuild", "a rebuild of all documents", _measure)
