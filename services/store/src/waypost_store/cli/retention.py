"""`waypost retention`."""

from typing import Annotated

import typer

from waypost_store.cli.options import OrganizationScope, SessionScope
from waypost_store.cli.output import AsJson, print_json, print_line, read_settings, run
from waypost_store.cli.progress import ProgressOutput
from waypost_store.dlq.moments import iso_time
from waypost_store.retention import Retained, retention
from waypost_store.scope import chosen_scope
from waypost_store.wording import counted


def retention_command(
    keep_days: Annotated[int, typer.Option("--keep-days", min=1, max=36_500, help="Messages of so many days stay.")],
    session: SessionScope = None,
    organization: OrganizationScope = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let messages vanish that are older than so many days. Run it daily: it trims once, and not what comes later.

    Each chat that has such messages is sent an event, which stays in force over a rebuild. The messages are in no answer any
    more; the log and MongoDB still hold them (docs/data.md). There is no way back.

    \b
    Examples:
      waypost retention --organization org_demo --keep-days 365 --dry-run
      waypost retention --session 01J9ZX8K2QHV0M3T6R7P4N5W8C --keep-days 90
    """
    settings = read_settings()

    async def work() -> Retained:
        with ProgressOutput("run it again for the others") as shown:
            scope = chosen_scope(session, organization)
            return await retention(settings, scope, keep_days=keep_days, dry_run=dry_run, report=shown.report)

    result = run(work())
    if as_json:
        print_json({"dryRun": dry_run, "before": result.before, "sessions": result.sessions, "chats": result.chats})
    else:
        what = "would be trimmed" if dry_run else "trimmed"
        print_line(
            f"{counted(result.chats, 'chat')} of {counted(result.sessions, 'session')} {what}: before {iso_time(result.before)}"
        )
