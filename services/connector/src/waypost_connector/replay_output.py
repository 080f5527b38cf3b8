"""What `waypost-connector replay` shows: a bar while it runs, a summary at its end."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from waypost_connector.replay import Advance, Summary


@contextmanager
def progress_to(file: Path) -> Iterator[Advance]:
    """A progress bar on standard error when that is a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield lambda _size: None
        return
    total = file.stat().st_size if file.is_file() else None
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("replay", total=total)
        yield lambda size: progress.advance(task, size)


def print_json(summary: Summary) -> None:
    document = {
        "lines": summary.lines,
        "published": summary.published,
        "badCount": summary.bad_count,
        "bad": [{"line": bad.line, "reason": bad.reason} for bad in summary.bad],
        "seconds": round(summary.seconds, 3),
        "eventsPerSecond": round(summary.events_per_second, 1),
    }
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def print_text(summary: Summary) -> None:
    for bad in summary.bad:
        typer.echo(f"line {bad.line}: {bad.reason}", err=True)
    if unlisted := summary.bad_count - len(summary.bad):
        typer.echo(f"and {unlisted} more bad lines; correct these first", err=True)
    rate = f"{summary.events_per_second:,.0f} events/s"
    typer.echo(f"{summary.published} of {summary.lines} events in {summary.seconds:.1f} s, {rate}; {summary.bad_count} bad")
