"""Ingest with two processes beside one, on however many cores there are."""

import os

from benchmarks.ingest import IngestRun
from benchmarks.measurement import Measurement, ratio_of, ratio_up_to
from benchmarks.row import Row
from benchmarks.rows.ingest import run_ingest
from benchmarks.samples import alternate
from benchmarks.workbench import REPEATED, Workbench

WANTED = 1.0
CPU_UNCHANGED = 1.1
"""What still counts as the same CPU an event: a hundredth of a second is the finest that Linux tells."""


def _measure(bench: Workbench) -> list[Measurement]:
    pairs = alternate(
        bench.scale.rounds,
        reference=lambda: run_ingest(bench, REPEATED),
        ours=lambda: run_ingest(bench, REPEATED, processes=2),
    )
    seen = tuple(
        f"{name}: {run.saturation}, of {os.cpu_count()}"
        for name, run in (("1 process", pairs.reference[-1]), ("2 processes", pairs.ours[-1]))
    )

    def speeds(runs: list[IngestRun]) -> list[float]:
        return [run.events_per_second for run in runs]

    return [
        Measurement(
            row=ROW.name,
            what="mixed history, 2 processes",
            unit="events/s",
            ours=speeds(list(pairs.ours)),
            reference=speeds(list(pairs.reference)),
            reference_name="1 process",
            wanted=ratio_of(WANTED),
            notes=seen,
        ),
        Measurement(
            row=ROW.name,
            what="CPU of ingest, 2 processes",
            unit="ms/event",
            ours=[run.cpu_ms_per_event for run in pairs.ours],
            reference=[run.cpu_ms_per_event for run in pairs.reference],
            reference_name="1 process",
            wanted=ratio_up_to(CPU_UNCHANGED),
        ),
    ]


ROW = Row("processes", "ingest with 2 processes", _measure)
