"""Ingest of everything that happens, beside the official sink connector that replaces the same events by id."""

from benchmarks.ingest import IngestRun, ingest_log
from benchmarks.measurement import Measurement, ratio_of
from benchmarks.references.sink_connector import Mode, SinkRun, run_sink, tune
from benchmarks.row import Row
from benchmarks.samples import Pairs, alternate, median
from benchmarks.system import new_system
from benchmarks.workbench import LONG_TAIL, SPREAD, Workbench

WANTED = 1.5


def run_ingest(bench: Workbench, history: str, *, driver: str | None = None, processes: int = 1) -> IngestRun:
    """One run over a history that is on its topic, into an empty database."""

    def run() -> IngestRun:
        log = bench.log(history)
        with new_system(bench.servers, topic_prefix=log.topic_prefix, driver=driver) as system:
            seen = ingest_log(system, log, warm_up_share=bench.scale.warm_up_share, processes=processes)
        bench.tell(f"ingest, {history}: {seen.events_per_second:,.0f} events/s; {seen.saturation}")
        return seen

    return bench.take("ingest", run, driver=driver, of=(history, processes))


def beside_sink(bench: Workbench, history: str, mode: Mode) -> tuple[Pairs[IngestRun, SinkRun], str]:
    """Alternating runs, and how the reference was tuned."""
    scale, log = bench.scale, bench.log(history)
    tuned = tune(bench.servers, bench.worker, log, mode, scale.poll_sizes, scale.warm_up_share)
    bench.tell(f"{mode}, {history}: {tuned.note}")

    def reference() -> SinkRun:
        run = run_sink(bench.servers, bench.worker, log, mode, tuned.poll_records, scale.warm_up_share)
        bench.tell(f"{mode}, {history}: {run.events_per_second:,.0f} events/s")
        return run

    return alternate(scale.rounds, reference=reference, ours=lambda: run_ingest(bench, history)), tuned.note


def _measure(bench: Workbench) -> list[Measurement]:
    bench.start_worker()
    for history in (LONG_TAIL, SPREAD):  # while it starts
        bench.log(history)
    return [
        _beside_replacing(bench, LONG_TAIL, "mixed history, long tail of chats"),
        _beside_replacing(bench, SPREAD, "mixed history, 5,000 chats equally busy"),
    ]


def _beside_replacing(bench: Workbench, history: str, what: str) -> Measurement:
    pairs, tuned = beside_sink(bench, history, Mode.REPLACE)
    cpu = median([run.cpu_ms_per_event for run in pairs.ours])
    return Measurement(
        row=ROW.name,
        what=what,
        unit="events/s",
        ours=[run.events_per_second for run in pairs.ours],
        reference=[run.events_per_second for run in pairs.reference],
        reference_name="sink connector, replace by id",
        wanted=ratio_of(WANTED),
        notes=(f"{cpu:.3f} ms of CPU an event", pairs.ours[-1].saturation, tuned),
    )


ROW = Row("ingest", "ingest of everything that happens, one process", _measure)
