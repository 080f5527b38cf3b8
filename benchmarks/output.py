"""The files of a run."""

from pathlib import Path
from typing import Final

from benchmarks.markdown import has_figures, last_run
from benchmarks.plot import plot
from benchmarks.report import Report

REPORT: Final = "report.json"
PAGE: Final = "last_run.md"


def write_files(report: Report, folder: Path) -> None:
    """The report, the section for the docs, and a plot for each row."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REPORT).write_text(report.to_json(), encoding="utf-8")
    (folder / PAGE).write_text(last_run(report, "."), encoding="utf-8")
    write_plots(report, folder)


def write_plots(report: Report, folder: Path) -> None:
    for row in dict.fromkeys(one.row for one in report.measurements):
        if has_figures(report.measurements, row):
            picture = plot(row, [one for one in report.measurements if one.row == row])
            (folder / f"{row}.svg").write_text(picture, encoding="utf-8")
