"""A run as a section of docs/performance.md. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.limits import unreached
from benchmarks.measurement import Measurement
from benchmarks.report import Report
from benchmarks.table import markdown_table


def last_run(report: Report, pictures: str) -> str:
    """Machine, table, notes and plots; `pictures` is the folder of the plots as a link says it."""
    rows = list(dict.fromkeys(one.row for one in report.measurements))
    parts = [_origin(report), markdown_table(report.measurements), _notes(report.measurements), _limits(report.measurements)]
    parts += [f"![{row}]({pictures}/{row}.svg)\n" for row in rows if has_figures(report.measurements, row)]
    return "\n".join(part for part in parts if part)


def has_figures(measurements: Sequence[Measurement], row: str) -> bool:
    return any(one.row == row and one.ours for one in measurements)


def _origin(report: Report) -> str:
    machine: Mapping[str, Any] = report.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    size = "`make bench QUICK=1`" if report.quick else "`make bench`"
    return (
        f"{machine['date']}, commit `{machine['commit']}`, {size} in {report.seconds / 60:.0f} minutes; {machine['processor']}, "
        f"{machine['cores']} cores, {machine['memory_gibibytes']} GiB, {machine['system']}, load average before "
        f"{machine['load_average']}; data of Kafka and mongod in {'memory' if machine['data'] == 'memory' else 'files on disk'}; "
        f"driver: {machine['driver']}. Versions: {versions}.\n"
    )


def _notes(measurements: Sequence[Measurement]) -> str:
    return "".join(f"- {one.row}, {one.what}: {'; '.join(one.notes)}\n" for one in measurements if one.notes)


def _limits(measurements: Sequence[Measurement]) -> str:
    lines = unreached(measurements)
    return f"Rows that are not reached, and [why](#what-holds-the-rows-that-are-not-reached):\n\n{lines}" if lines else ""
