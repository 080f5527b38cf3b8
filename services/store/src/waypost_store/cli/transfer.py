"""`waypost export` and `waypost import`."""

from pathlib import Path
from typing import Annotated

import typer

from waypost_store.cli.options import OrganizationScope, SessionScope
from waypost_store.cli.output import AsJson, print_json, print_line, progress, read_settings, run
from waypost_store.cli.progress import ProgressOutput
from waypost_store.scope import chosen_scope
from waypost_store.transfer.exporting import export
from waypost_store.transfer.importing import Imported, import_export
from waypost_store.transfer.manifest import Manifest
from waypost_store.wording import counted

AGAIN = "run it again, it begins anew"


def export_command(
    directory: Annotated[Path, typer.Argument(help="Where to: a folder that is not there yet, or is empty.")],
    session: SessionScope = None,
    organization: OrganizationScope = None,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Also where the log no longer holds all events: an import gives other documents."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write all events of a session, or of an organization's sessions, into a folder: compressed, one JSON event a line.

    It holds what the log holds, message text too, also of what was edited, deleted, trimmed or erased since. It ends where the
    log ends now; everything may go on meanwhile. Not in it: removed sessions, API keys, operations, what sessions log in with.

    \b
    Examples:
      waypost export --session 01J9ZX8K2QHV0M3T6R7P4N5W8C backup/tour
      waypost export --organization org_demo backup/org_demo --json
    """
    settings = read_settings()

    async def work() -> Manifest:
        with ProgressOutput(AGAIN) as shown:
            return await export(
                settings, chosen_scope(session, organization), directory, partial=partial, report=shown.report, warn=progress
            )

    manifest = run(work())
    if as_json:
        print_json({"directory": str(directory)} | manifest.model_dump(by_alias=True))
        return
    print_line(f"{counted(manifest.events, 'event')} of {counted(len(manifest.sessions), 'session')} in {directory}")
    left = manifest.left_out
    if left.unusable or left.repeated:
        progress(f"left out, since they changed nothing: {left.unusable} that could not be applied, {left.repeated} repeated")
    if not manifest.complete:
        progress("the log no longer holds all events: an import of this gives other documents")


def import_command(
    directory: Annotated[Path, typer.Argument(help="An export.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the export and this system, and publish nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Publish the events of an export on this system's log, for sessions that it has not got. waypost-ingest does the rest.

    All of it is checked first. It may be interrupted and run again: it goes on where it was, and once all is there nothing more
    is published. It tells no outcome of the commands that the events came from, and makes no call to WhatsApp. Should one of the
    sessions be wanted to run, a connector of this system starts it; it has to be paired anew.

    \b
    Examples:
      waypost import backup/tour --dry-run
      waypost import backup/tour
    """
    settings = read_settings()

    async def work() -> Imported:
        with ProgressOutput("run it again, it goes on") as shown:
            return await import_export(settings, directory, dry_run=dry_run, report=shown.report)

    result = run(work())
    if as_json:
        print_json({"dryRun": dry_run} | result.to_json())
        return
    there = f", {result.there} there already" if result.there else ""
    print_line(f"{counted(result.published, 'event')} {'would be published' if dry_run else 'published'}{there}")
    if not result.manifest.complete:
        progress("this export was made of a log that no longer held all events")
    if result.published and not dry_run:
        progress("`waypost status` tells when waypost-ingest has folded them")
