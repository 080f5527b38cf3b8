"""`waypost verify`."""

from typing import Annotated, Any

import orjson
import typer

from waypost_common.identifiers import SessionId
from waypost_store.cli.output import AsJson, print_json, print_line, progress, read_settings, run
from waypost_store.keys import checked_name
from waypost_store.verify.differences import Difference
from waypost_store.verify.run import verify
from waypost_store.verify.verifier import Verified
from waypost_store.wording import counted


def verify_command(
    session: Annotated[str | None, typer.Option(help="Only this session's documents.")] = None,
    values: Annotated[bool, typer.Option("--values", help="Show what differs, message text too.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Show at most so many differences; all are counted.")] = 1_000,
    as_json: AsJson = False,
) -> None:
    """Fold the log once more, and compare with the live documents. Exit code 1 unless they are equal.

    Everything may go on meanwhile. It needs about as much space in MongoDB as the documents take, in collections of its own
    (`..._g-<number>`), which are removed in the end; should it be killed, by the next run. What nobody can see any more
    (documents of removed sessions, messages from before their chat's deletion) is not compared.

    \b
    Examples:
      waypost verify
      waypost verify --session 01J9ZX8K2QHV0M3T6R7P4N5W8C --values
      waypost verify --json
    """
    settings = read_settings()
    shown: list[dict[str, Any]] = []
    count = 0

    def found(difference: Difference) -> None:
        nonlocal count
        count += 1
        if count > limit:
            return
        if as_json:
            shown.append(difference.to_json(values=values))
        else:
            for line in lines_of(difference, values=values):
                print_line(line)

    async def work() -> Verified:
        if session is not None:
            checked_name(session, "--session")
        chosen = None if session is None else SessionId(session)
        return await verify(settings, session=chosen, report=progress, found=found)

    result = run(work())
    if as_json:
        print_json(result.to_json() | {"differences": shown})
    else:
        for key in result.undecided:
            print_line(f"undecided  {key.collection} {key.id}: changed at every look")
        if count > limit:
            progress(f"{counted(count - limit, 'difference')} more: --limit shows them")
        print_line(summary(result))
    if not result.is_equal:
        raise typer.Exit(1)


def summary(result: Verified) -> str:
    told = [f"{number} {kind}" for kind, number in sorted(result.counts.items())]
    told += [f"{len(result.undecided)} undecided"] if result.undecided else []
    verdict = ", ".join(told) or "all equal"
    return f"{counted(result.documents, 'document')} against {counted(result.events, 'event')}: {verdict}"


def lines_of(difference: Difference, *, values: bool) -> list[str]:
    key = difference.key
    what = f"{difference.kind:<9}  {key.collection} {key.id}"
    told = [f"{what}: {', '.join(difference.fields)}" if difference.kind == "differs" else what]
    if values:
        for name in difference.fields:
            sides = ", ".join(f"{side} {_text(value)}" for side, value in difference.values[name].items())
            told.append(f"  {name}: {sides}")
    return told


def _text(value: object) -> str:
    return orjson.dumps(value, default=str).decode()
