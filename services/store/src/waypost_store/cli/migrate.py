"""`waypost migrate`."""

from dataclasses import asdict
from typing import Annotated

import typer

from waypost_store.cli.output import AsJson, print_json, print_line, progress, read_settings, run
from waypost_store.setup.migrate import migrate
from waypost_store.wording import counted


def migrate_command(
    as_json: AsJson = False,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be done, and do nothing.")] = False,
) -> None:
    """Make or update topics, collections, indexes and first offsets. Safe to repeat, and from several places at once.

    \b
    Examples:
      waypost migrate --plan
      WAYPOST_KAFKA_PARTITIONS=64 waypost migrate
    """
    settings = read_settings()
    result = run(migrate(settings, plan=plan, report=progress))
    if as_json:
        print_json(asdict(result))
    elif not result.changes:
        print_line("up to date: nothing to do")
    else:
        due = "is due" if len(result.changes) == 1 else "are due"
        print_line(f"{counted(len(result.changes), 'change')} {due if plan else 'made'}")
