"""`waypost dlq list | show | replay | drop`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import typer

from waypost_common.clock import now_ms
from waypost_common.consumption import Record
from waypost_common.events import MAX_EVENT_BYTES
from waypost_common.kafka import create_producer, started
from waypost_common.mongo import MongoDatabase
from waypost_common.report.letters import Filters, Letter, Queue
from waypost_common.report.queue_reader import QueueReader, open_queue
from waypost_common.report.settled import Note, load_settled, note_of
from waypost_store.cli.dlq_filters import (
    DryRun,
    MaxEventBytes,
    Offset,
    Partition,
    Reasons,
    Session,
    Since,
    TopicOption,
    Until,
    filters_of,
)
from waypost_store.cli.dlq_text import headers_json, line_of, shown_lines, summary, value_json
from waypost_store.cli.output import AsJson, confirm, fail, opened_database, print_json, print_line, progress, read_settings, run
from waypost_store.cli.progress import ProgressOutput
from waypost_store.dlq.replaying import Replayed, Replaying, Sending, parts
from waypost_store.dlq.settled import Settling, expiry_of, operator
from waypost_store.generations import require_live_generation
from waypost_store.settings import StoreSettings
from waypost_store.wording import counted

dlq = typer.Typer(help="Look at what was set aside as dead letters, try it again, or drop it.", no_args_is_help=True)


@dlq.command("list")
def list_command(  # noqa: PLR0917  (typer reads them as options)
    topic: Annotated[Queue | None, typer.Option("--topic", help="Only these dead letters.")] = None,
    reason: Reasons = None,
    session: Session = None,
    since: Since = None,
    until: Until = None,
    partition: Partition = None,
    offset: Offset = None,
    with_settled: Annotated[bool, typer.Option("--all", help="Also those that were replayed or dropped.")] = False,
    as_json: AsJson = False,
) -> None:
    """List dead letters, oldest first: never their values, which may hold message text.

    \b
    Examples:
      waypost dlq list --since 2h
      waypost dlq list --topic events --reason wrong_key --reason not_json --session tour --json
    """
    settings = read_settings()

    async def work() -> list[tuple[Letter, Note | None]]:
        filters = filters_of(reason, session, since, until, partition, offset)
        found = []
        async with opened_database(settings) as database:
            for queue in Queue if topic is None else [topic]:
                async with open_queue(settings.kafka, queue) as reader:
                    found += await _find(settings, database, reader, queue, filters)
        return [one for one in found if with_settled or one[1] is None]

    found = run(work())
    if as_json:
        print_json([letter.to_json() | {"settled": None if note is None else note._asdict()} for letter, note in found])
        return
    for letter, note in found:
        print_line(line_of(letter, note))
    if not found:
        progress("no dead letters")


@dlq.command("show")
def show(
    topic: TopicOption,
    partition: Annotated[int, typer.Option(min=0, help="As `waypost dlq list` shows it.")],
    offset: Annotated[int, typer.Option(min=0, help="As `waypost dlq list` shows it.")],
    value: Annotated[bool, typer.Option("--value", help="Print the value too. It may hold message text.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter: its headers and sizes, and with --value its value, which may hold message text.

    \b
    Example:
      waypost dlq show --topic events --partition 3 --offset 17
    """
    settings = read_settings()

    async def work() -> tuple[Letter, Note | None, Record] | None:
        async with opened_database(settings) as database, open_queue(settings.kafka, topic) as reader:
            found = await _find(settings, database, reader, topic, Filters(partition=partition, offset=offset))
            records = await reader.values([letter for letter, _ in found])
            return next(((letter, note, records[letter.place]) for letter, note in found if letter.place in records), None)

    found = run(work())
    if found is None:
        fail("there is no such dead letter: see `waypost dlq list --all`")
    letter, note, record = found
    if as_json:
        shown: dict[str, Any] = letter.to_json() | {"settled": None if note is None else note._asdict()}
        shown |= {"keyBytes": len(record.key or b""), "valueBytes": len(record.value or b""), "headers": headers_json(record)}
        print_json(shown | (value_json(record) if value else {}))
        return
    for line in shown_lines(letter, note, record, value=value):
        print_line(line)


@dlq.command("replay")
def replay(  # noqa: PLR0917
    topic: TopicOption,
    reason: Reasons = None,
    session: Session = None,
    since: Since = None,
    until: Until = None,
    partition: Partition = None,
    offset: Offset = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also events that may undo newer ones, and commands that are too late.")
    ] = False,
    dry_run: DryRun = False,
    max_event_bytes: MaxEventBytes = MAX_EVENT_BYTES,
    as_json: AsJson = False,
) -> None:
    """Publish dead letters again on the topic that they came from, in the order of its log. Do it once the cause is gone.

    What would only become a dead letter again is refused, whatever is asked; so is, without --force, an event whose meaning
    depends on what came after it in the log. It may be interrupted and repeated: what is published twice changes nothing. Exit
    code 1 when some were refused.

    \b
    Examples:
      waypost dlq replay --topic events --reason too_large --dry-run
      waypost dlq replay --topic events --partition 3 --offset 17 --force
    """
    settings = read_settings()

    async def work() -> Replayed:
        filters = filters_of(reason, session, since, until, partition, offset)
        async with opened_database(settings) as database, open_queue(settings.kafka, topic) as reader:
            letters = await _left(settings, database, reader, topic, filters)
            generation = await require_live_generation(database)
            work = Replaying(settings.kafka, database, generation, reader, max_event_bytes=max_event_bytes, force=force)
            with ProgressOutput("run it again for the others; one that is published twice changes nothing") as shown:
                async with _sending(settings, database, topic, dry_run=dry_run) as sending:
                    return await work.run(
                        letters, lambda done: shown.report(f"{done.done} of {done.found} dead letters"), sending
                    )

    result = run(work())
    if as_json:
        refused = [one.to_json() for one in result.refused]
        print_json({"dryRun": dry_run, "replayed": result.replayed, "deleted": result.gone, "refused": refused})
    else:
        for one in result.refused:
            progress(f"refused: {line_of(one.letter, None, why=one.refusal.reason)}")
        print_line(summary(result, dry_run=dry_run, force=force))
    if result.refused:
        raise typer.Exit(1)


@dlq.command("drop")
def drop(  # noqa: PLR0917
    topic: TopicOption,
    reason: Reasons = None,
    session: Session = None,
    since: Since = None,
    until: Until = None,
    partition: Partition = None,
    offset: Offset = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Note dead letters as done with: they are listed and counted no more. Kafka keeps them for its retention time.

    \b
    Examples:
      waypost dlq drop --topic commands --until 7d --dry-run
      waypost dlq drop --topic events --reason not_json --yes
    """
    settings = read_settings()

    async def find() -> list[Letter]:
        filters = filters_of(reason, session, since, until, partition, offset)
        async with opened_database(settings) as database, open_queue(settings.kafka, topic) as reader:
            return await _left(settings, database, reader, topic, filters)

    async def work(letters: list[Letter]) -> None:
        done = 0
        async with opened_database(settings) as database:
            settling = await _settling(settings, database, topic)
            with ProgressOutput("run it again for the others") as shown:
                shown.report(_of(done, len(letters)))
                for part in parts(letters):
                    await settling.note(part, "dropped", now_ms())
                    done += len(part)
                    shown.report(_of(done, len(letters)))

    letters = run(find())
    if letters and not dry_run:
        if not yes:
            confirm(f"Drop {counted(len(letters), 'dead letter')} of {topic.value}?", otherwise="nothing was dropped")
        run(work(letters))
    if as_json:
        print_json({"dryRun": dry_run, "dropped": len(letters)})
    else:
        print_line(f"{counted(len(letters), 'dead letter')} {'would be dropped' if dry_run else 'dropped'}")


def _of(done: int, found: int) -> str:
    return f"{done} of {counted(found, 'dead letter')}"


async def _find(
    settings: StoreSettings, database: MongoDatabase, reader: QueueReader, queue: Queue, filters: Filters
) -> list[tuple[Letter, Note | None]]:
    letters = await reader.letters(queue, filters)
    settled = await load_settled(database, queue.topic(settings.kafka)) if letters else {}
    return [(letter, note_of(letter, settled)) for letter in letters]


async def _left(
    settings: StoreSettings, database: MongoDatabase, reader: QueueReader, queue: Queue, filters: Filters
) -> list[Letter]:
    return [letter for letter, note in await _find(settings, database, reader, queue, filters) if note is None]


async def _settling(settings: StoreSettings, database: MongoDatabase, queue: Queue) -> Settling:
    expires_at = await expiry_of(settings.kafka, queue, now=now_ms())
    return Settling(database, queue.topic(settings.kafka), by=operator(), expires_at=expires_at)


@asynccontextmanager
async def _sending(
    settings: StoreSettings, database: MongoDatabase, queue: Queue, *, dry_run: bool
) -> AsyncIterator[Sending | None]:
    if dry_run:
        yield None
        return
    settling = await _settling(settings, database, queue)
    producer = create_producer(settings.kafka, client_id="waypost-dlq")
    async with started(producer):
        yield producer, settling
