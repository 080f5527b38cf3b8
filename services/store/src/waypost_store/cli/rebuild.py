"""`waypost rebuild`, and `waypost generations list | drop | abandon`."""

import sys
from typing import Annotated, Any

import orjson
import typer

from waypost_store.cli.output import AsJson, fail, opened_database, print_json, print_line, progress, read_settings, run
from waypost_store.rebuild.drop import GenerationLine, abandon, drop_generations, list_generations
from waypost_store.rebuild.run import rebuild
from waypost_store.wording import counted

generations = typer.Typer(help="See and remove copies of the documents that rebuilds have made.", no_args_is_help=True)


def rebuild_command(
    carry: Annotated[
        bool, typer.Option("--carry", help="Copy the documents of partitions whose log no longer begins where it did.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print progress and result as JSON, one value a line.")] = False,
) -> None:
    """Fold the whole log into new collections beside the live ones, then let reads follow those.

    Everything may go on meanwhile; the running waypost-ingest does the work. Should this command be interrupted or killed, ingest
    goes on, and running it again goes on watching. It refuses a log that no longer tells all that the documents hold; --carry
    copies those documents, and folds the rest. The former documents stay until `waypost generations drop`.

    \b
    Examples:
      waypost rebuild
      waypost rebuild --carry --json
    """
    settings = read_settings()

    def tell(values: dict[str, Any]) -> None:
        if as_json:
            sys.stdout.write(orjson.dumps(values).decode() + "\n")
            sys.stdout.flush()

    result = run(rebuild(settings, carry=carry, report=progress, tell=tell))
    if as_json:
        tell(result.to_json())
    else:
        print_line(f"generation {result.generation} is live instead of {result.replaced}")
        progress("`waypost generations drop` removes the former documents")


@generations.command("list")
def list_command(as_json: AsJson = False) -> None:
    """List the copies of the documents: which is live, which is being made, which nobody uses.

    \b
    Example:
      waypost generations list
    """
    settings = read_settings()

    async def work() -> list[GenerationLine]:
        async with opened_database(settings) as database:
            return await list_generations(database)

    found = run(work())
    if as_json:
        print_json([line.to_json() for line in found])
        return
    for line in found:
        print_line(f"{line.generation}  {line.state}  {counted(line.documents, 'document')}")


@generations.command("drop")
def drop_command(as_json: AsJson = False) -> None:
    """Remove all copies that are neither live nor being made. Waits a minute after a switch: somebody may still read them.

    \b
    Example:
      waypost generations drop
    """
    settings = read_settings()

    async def work() -> list[int]:
        async with opened_database(settings) as database:
            return await drop_generations(database, progress)

    dropped = run(work())
    if as_json:
        print_json({"dropped": dropped})
    elif not dropped:
        print_line("nothing to drop")
    for generation in [] if as_json else dropped:
        print_line(f"dropped generation {generation}")


@generations.command("abandon")
def abandon_command() -> None:
    """Give up the copy that is being made. The live one is not touched.

    \b
    Example:
      waypost generations abandon && waypost generations drop
    """
    settings = read_settings()

    async def work() -> int | None:
        async with opened_database(settings) as database:
            return await abandon(database)

    given_up = run(work())
    if given_up is None:
        fail("no generation is being made: see `waypost generations list`")
    print_line(f"abandoned generation {given_up}; `waypost generations drop` removes it")
