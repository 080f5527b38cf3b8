"""`python -m benchmarks`: runs every figure beside its reference, alternating, and prints ratios."""

import argparse
import json
import os
import platform
import statistics
from importlib.metadata import version
from pathlib import Path

from benchmarks.histories import new_messages
from benchmarks.ingest import IngestRun, measure_ingest
from benchmarks.plain_upsert import BULK_SIZES, documents, measure_plain_upsert
from benchmarks.servers import run_servers

REACH = 0.7


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures one ingest process against a plain unordered upsert of the same messages, in the same run.",
        epilog="example: python -m benchmarks --messages 100000 --rounds 5 --json figures.json",
    )
    parser.add_argument("--messages", type=int, default=60_000, metavar="N", help="messages a run (default 60000)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="alternating runs, of which the median counts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    arguments = parser.parse_args()
    print("making the history ...", flush=True)
    events = new_messages(arguments.messages)
    plain = documents(events)
    ours: list[IngestRun] = []
    reference: list[float] = []
    with run_servers() as servers:
        bulk_size = max(BULK_SIZES, key=lambda size: measure_plain_upsert(servers, plain, size))
        for number in range(1, arguments.rounds + 1):
            reference.append(measure_plain_upsert(servers, plain, bulk_size))
            ours.append(measure_ingest(servers, events))
            print(
                f"round {number}/{arguments.rounds}: ingest {ours[-1].events_per_second:,.0f}/s, "
                f"plain upsert {reference[-1]:,.0f}/s, ratio {ours[-1].events_per_second / reference[-1]:.2f}",
                flush=True,
            )
        figures = _figures(ours, reference, arguments.messages, bulk_size)
    _print(figures)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


def _figures(ours: list[IngestRun], reference: list[float], messages: int, bulk_size: int) -> dict[str, float | int | str]:
    ratios = [run.events_per_second / plain for run, plain in zip(ours, reference, strict=True)]
    return {
        "messages": messages,
        "rounds": len(ours),
        "ingest_events_per_second": round(statistics.median(run.events_per_second for run in ours)),
        "ingest_cpu_ms_per_event": round(statistics.median(run.cpu_ms_per_event for run in ours), 4),
        "ingest_resident_mebibytes": round(statistics.median(run.resident_mebibytes for run in ours)),
        "plain_upsert_messages_per_second": round(statistics.median(reference)),
        "plain_upsert_bulk_size": bulk_size,
        "ratio": round(statistics.median(ratios), 3),
        "reach": REACH,
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
        "pymongo": version("pymongo"),
        "motor": version("motor"),
        "aiokafka": version("aiokafka"),
    }


def _print(figures: dict[str, float | int | str]) -> None:
    print()
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):34} {value:>12}")
    print()
    verdict = "reached" if float(figures["ratio"]) >= REACH else "NOT reached"
    print(f"ingest / plain upsert = {figures['ratio']} (wanted: {REACH}) {verdict}")


if __name__ == "__main__":
    main()
