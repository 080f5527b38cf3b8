"""Ingest of new messages alone, beside two ways to insert them that are not idempotent and keep nothing else."""

from benchmarks.measurement import Measurement, ratio_of
from benchmarks.references.raw_insert import documents, run_inserts
from benchmarks.references.sink_connector import Mode
from benchmarks.row import Row
from benchmarks.rows.ingest import beside_sink, run_ingest
from benchmarks.samples import alternate
from benchmarks.workbench import MESSAGES, Workbench

OF_CONNECTOR, OF_RAW_INSERTS = 0.7, 0.5


def _measure(bench: Workbench) -> list[Measurement]:
    return [_beside_connector(bench), _beside_raw_inserts(bench)]


def _beside_connector(bench: Workbench) -> Measurement:
    pairs, tuned = beside_sink(bench, MESSAGES, Mode.INSERT)
    return Measurement(
        row=ROW.name,
        what="new messages",
        unit="events/s",
        ours=[run.events_per_second for run in pairs.ours],
        reference=[run.events_per_second for run in pairs.reference],
        reference_name="sink connector, plain insert",
        wanted=ratio_of(OF_CONNECTOR),
        notes=(pairs.ours[-1].saturation, tuned),
    )


def _beside_raw_inserts(bench: Workbench) -> Measurement:
    scale, messages = bench.scale, documents(bench.encoded(MESSAGES))
    tried = {size: run_inserts(bench.servers, messages, size, scale.warm_up_share) for size in scale.bulk_sizes}
    best = max(tried, key=lambda size: tried[size])

    def reference() -> float:
        speed = run_inserts(bench.servers, messages, best, scale.warm_up_share)
        bench.tell(f"raw inserts: {speed:,.0f} messages/s")
        return speed

    pairs = alternate(scale.rounds, reference=reference, ours=lambda: run_ingest(bench, MESSAGES))
    return Measurement(
        row=ROW.name,
        what="new messages",
        unit="events/s",
        ours=[run.events_per_second for run in pairs.ours],
        reference=pairs.reference,
        reference_name="insert_many from memory (PyMongo)",
        wanted=ratio_of(OF_RAW_INSERTS),
        notes=("bulks of " + ", ".join(f"{size:,}: {speed:,.0f}/s" for size, speed in tried.items()),),
    )


ROW = Row("messages", "ingest of new messages alone, one process", _measure)
