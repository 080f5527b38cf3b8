"""`waypost erase`."""

from typing import Annotated, Any, Final

import typer

from waypost_common.events import DAY_MS
from waypost_common.identifiers import EpochMs, Jid
from waypost_common.jids import InvalidJidError, is_person, parse_jid
from waypost_store.cli.options import OrganizationScope, SessionScope
from waypost_store.cli.output import AsJson, confirm, fail, print_json, print_line, progress, read_settings, run
from waypost_store.cli.progress import ProgressOutput
from waypost_store.erase.run import Found, Remaining, erase, find_person, look_through_topics
from waypost_store.erase.traces import records_to_delete
from waypost_store.scope import any_scope
from waypost_store.wording import counted

HOW_TO_SHORTEN: Final = (
    "Kafka deletes from a partition's beginning on only, everybody's records with the person's; docs/data.md says how, and what",
    "that means for rebuild, verify and export",
)


def erase_command(  # noqa: PLR0917  (typer reads them as options)
    contact: Annotated[str, typer.Option("--contact", help="The person: a phone JID (628…@s.whatsapp.net) or a LID (…@lid).")],
    session: SessionScope = None,
    organization: OrganizationScope = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take text, media and names from all that a person has written, and say what of them the topics still hold.

    In all sessions there are, or those of --session or --organization; by all addresses that the person is known under there.
    Each of their chats is sent an event, which stays in force over a rebuild. There is no way back. What others wrote stays, and
    so do the person's contact, chat, memberships, reactions and votes.

    \b
    Examples:
      waypost erase --contact 6281234567890@s.whatsapp.net --organization org_demo --dry-run
      waypost erase --contact 205227043110953@lid --session 01J9ZX8K2QHV0M3T6R7P4N5W8C --yes
    """
    settings = read_settings()
    jid = _person(contact)

    async def find() -> Found:
        with ProgressOutput("nothing was erased") as shown:
            return await find_person(settings, any_scope(session, organization), jid, shown.report)

    async def work(found: Found) -> tuple[EpochMs | None, Remaining]:
        with ProgressOutput("run it again: erasing twice does no harm") as shown:
            erased_up_to = None if dry_run else await erase(settings, found)
            return erased_up_to, await look_through_topics(settings, any_scope(session, organization), found, jid, shown.report)

    found = run(find())
    tell = progress if as_json else print_line
    for other in sorted(found.addresses - {jid}):
        tell(f"{jid} is also {other}")
    if not dry_run and not yes:
        confirm(f"Erase {_what(found)}?", otherwise="nothing was erased")
    before, remaining = run(work(found))
    if as_json:
        print_json(_json(found, remaining, before))
        return
    print_line(f"{_what(found)}{' would be erased' if dry_run else ' erased'}")
    for line in remaining_lines(remaining):
        print_line(line)


def _person(contact: str) -> Jid:
    try:
        jid = parse_jid(contact)
    except InvalidJidError:
        jid = None
    if jid is None or not is_person(jid):
        fail("--contact takes a person's JID: 6281234567890@s.whatsapp.net or 205227043110953@lid")
    return jid


def _what(found: Found) -> str:
    return f"{counted(found.messages, 'message')} in {counted(found.chats, 'chat')} of {counted(found.sessions, 'session')}"


def remaining_lines(remaining: Remaining) -> list[str]:
    if not remaining.traces:
        return ["no topic holds anything of the person"]
    lines = ["the topics still hold of the person:"]
    for one in remaining.traces:
        offsets = f"offset {one.first}" if one.first == one.last else f"offsets {one.first} to {one.last}"
        kept = remaining.retention_ms[one.topic]
        until = "kept for ever" if kept < 0 else f"kept for {counted(max(1, kept // DAY_MS), 'day')}"
        lines.append(f"  {one.topic}   partition {one.partition}   {offsets}   {counted(one.records, 'record')}   {until}")
    return [*lines, *HOW_TO_SHORTEN]


def _json(found: Found, remaining: Remaining, before: EpochMs | None) -> dict[str, Any]:
    return {
        "erasedUpTo": before,
        "addresses": sorted(found.addresses),
        "messages": found.messages,
        "chats": [
            {"session": person.session, "organization": person.organization, "chatJid": chat, "messages": count}
            for person in found.people
            for chat, count in sorted(person.chats.items())
        ],
        "remains": [one.to_json() | {"retentionMs": remaining.retention_ms[one.topic]} for one in remaining.traces],
        "deleteRecords": records_to_delete(remaining.traces),
    }
