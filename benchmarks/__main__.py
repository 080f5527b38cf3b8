"""`python -m benchmarks`: measures every row beside its reference, prints the table, writes JSON, Markdown and plots."""

import argparse
import logging
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from benchmarks.limits import unreached
from benchmarks.machine import describe_machine
from benchmarks.measurement import Measurement
from benchmarks.output import write_files
from benchmarks.report import Report
from benchmarks.row import Row
from benchmarks.rows import ROWS
from benchmarks.scale import FULL, QUICK
from benchmarks.table import text_table
from benchmarks.workbench import Workbench, open_workbench

QUICK_IS_ROUGH = (
    "small runs, one each, of which the first and the last moments weigh as much as what is between them: they show that all "
    "rows work; figures to go by are those of `make bench`"
)
OUTPUT = Path(__file__).parents[1] / ".benchmarks"


def main() -> None:
    arguments = _parser().parse_args()
    if arguments.list:
        print("\n".join(f"{row.name:12} {row.what}" for row in ROWS))
        return
    # As Ctrl-C does: what was started is stopped, and its folder removed.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    # It tells of each retry while Kafka makes its own topics; what matters is raised.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    chosen = [row for row in ROWS if not arguments.rows or row.name in arguments.rows]
    started = time.monotonic()
    measured: list[Measurement] = []
    failed: list[str] = []
    with open_workbench(QUICK if arguments.quick else FULL) as bench:
        machine = describe_machine(bench.servers)
        for number, row in enumerate(chosen, 1):
            print(f"[{number}/{len(chosen)}] {row.name}: {row.what}", file=sys.stderr, flush=True)
            try:
                measured += _measured(row, bench)
            except Exception as error:  # noqa: BLE001 - whatever it is, the other rows are wanted
                traceback.print_exc()
                failed.append(row.name)
                measured.append(_failed(row, error))
            # After each row: an hour's figures are not lost with its last minute.
            report = Report(machine.to_json(), arguments.quick, measured, time.monotonic() - started)
            write_files(report, arguments.output)
    print(report.to_json() if arguments.json else text_table(measured) + unreached(measured), end="")
    if arguments.quick:
        print(QUICK_IS_ROUGH, file=sys.stderr)
    print(f"{report.seconds:,.0f} s; report, table and plots are in {arguments.output}", file=sys.stderr)
    if failed:
        sys.exit(f"not measured, see above: {', '.join(failed)}")


def _measured(row: Row, bench: Workbench) -> Sequence[Measurement]:
    started = time.monotonic()
    found = row.measure(bench)
    print(f"  {row.name}: {time.monotonic() - started:,.0f} s", file=sys.stderr, flush=True)
    return found


def _failed(row: Row, error: Exception) -> Measurement:
    first_line = str(error).partition("\n")[0][:300]
    return Measurement(row=row.name, what=row.what, unit="", ours=(), notes=(f"{type(error).__name__}: {first_line}",))


def _parser() -> argparse.ArgumentParser:
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures every row of docs/performance.md beside its reference, alternating, on this machine.",
        epilog="examples: python -m benchmarks --row ingest --row messages; python -m benchmarks --quick --json",
    )
    parser.add_argument("--row", action="append", dest="rows", choices=names, metavar="NAME", help="only these rows: see --list")
    parser.add_argument("--quick", action="store_true", help="the same rows, smaller: minutes instead of an hour")
    parser.add_argument("--json", action="store_true", help="print the report as JSON instead of the table")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FOLDER", help="for the files; default: .benchmarks")
    parser.add_argument("--list", action="store_true", help="print the rows' names and end")
    return parser


if __name__ == "__main__":
    main()
