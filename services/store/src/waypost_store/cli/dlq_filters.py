"""The options of `waypost dlq` that say which dead letters are meant."""

from typing import Annotated, Final

import typer

from waypost_common.clock import now_ms
from waypost_common.dead_letters import DeadLetterReason
from waypost_common.report.letters import UNKNOWN, Filters, Queue
from waypost_store.dlq.moments import parse_moment
from waypost_store.errors import StoreError

REASONS: Final = [*(reason.value for reason in DeadLetterReason), UNKNOWN]

TopicOption = Annotated[Queue, typer.Option("--topic", help="Whose dead letters.")]
Reasons = Annotated[list[str] | None, typer.Option("--reason", help=f"One of {', '.join(REASONS)}; may be given several times.")]
Session = Annotated[str | None, typer.Option(help="Only this session's, by the record's key.")]
Since = Annotated[str | None, typer.Option(help="Only those set aside since then: an ISO time (UTC), or how long ago (2h, 7d).")]
Until = Annotated[str | None, typer.Option(help="Only those set aside before then; as --since.")]
Partition = Annotated[int | None, typer.Option(min=0, help="Only this partition of the dead letters.")]
Offset = Annotated[int | None, typer.Option(min=0, help="Only this one: its offset in --partition.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
MaxEventBytes = Annotated[
    int,
    typer.Option(envvar="WAYPOST_BATCH_MAX_EVENT_BYTES", min=1_024, max=8_388_608, help="The largest event that ingest takes."),
]


def filters_of(  # noqa: PLR0917
    reasons: list[str] | None,
    session: str | None,
    since: str | None,
    until: str | None,
    partition: int | None,
    offset: int | None,
) -> Filters:
    """Raises StoreError."""
    if unknown := sorted(set(reasons or ()) - set(REASONS)):
        raise StoreError(f"--reason {unknown[0]!r}: use some of {', '.join(REASONS)}")
    if offset is not None and partition is None:
        raise StoreError("--offset needs --partition beside it")
    now = now_ms()
    return Filters(
        reasons=reasons or (),
        session=session,
        since=None if since is None else parse_moment(since, "--since", now=now),
        until=None if until is None else parse_moment(until, "--until", now=now),
        partition=partition,
        offset=offset,
    )
