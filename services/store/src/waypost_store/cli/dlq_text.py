"""What `waypost dlq` prints. Pure.

Keys, headers and values come from whoever wrote the record, so nothing in them may move the terminal's cursor.
"""

from base64 import b64encode
from typing import Any

from waypost_common.consumption import Record
from waypost_common.kafka import Headers
from waypost_common.report.letters import Letter
from waypost_common.report.settled import Note
from waypost_store.dlq.moments import iso_time
from waypost_store.dlq.replaying import Replayed
from waypost_store.wording import counted


def printable(text: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def line_of(letter: Letter, note: Note | None, *, why: str | None = None) -> str:
    """One line, without anything of the value. `why` takes the place of the detail."""
    origin = letter.origin
    come_from = f"gateway {letter.gateway}" if letter.gateway else "-"
    if origin is not None:
        come_from = f"{origin.topic} {origin.partition}/{origin.offset}"
    parts = [
        f"{letter.queue.value} {letter.partition}/{letter.offset}",
        iso_time(letter.at),
        letter.reason,
        letter.key or "-",
        f"from {come_from}",
        counted(letter.size, "byte"),
        letter.detail if why is None else why,
    ]
    if note is not None:
        parts.append(_noted(note))
    return printable("  ".join(part for part in parts if part))


def shown_lines(letter: Letter, note: Note | None, record: Record, *, value: bool) -> list[str]:
    lines = [
        line_of(letter, note),
        f"key    {counted(len(record.key or b''), 'byte')}",
        f"value  {counted(len(record.value or b''), 'byte')}{'' if value else ' (shown with --value; may hold message text)'}",
        "headers",
        *(f"  {one['name']}: {'-' if one['value'] is None else one['value']}" for one in headers_json(record)),
    ]
    if value:
        lines.append((record.value or b"").decode("utf-8", "backslashreplace"))
    return [printable(line) for line in lines]


def headers_json(record: Record) -> list[dict[str, Any]]:
    headers: Headers = record.headers
    return [{"name": name, "value": None if text is None else text.decode("utf-8", "backslashreplace")} for name, text in headers]


def value_json(record: Record) -> dict[str, Any]:
    """As text where it is UTF-8, else in Base64."""
    value = record.value or b""
    try:
        return {"value": value.decode()}
    except UnicodeDecodeError:
        return {"valueBase64": b64encode(value).decode()}


def summary(result: Replayed, *, dry_run: bool, force: bool) -> str:
    done = "would be replayed" if dry_run else "replayed"
    parts = [f"{counted(result.replayed, 'dead letter')} {done}"]
    if result.gone:
        parts.append(f"{result.gone} deleted by Kafka meanwhile")
    if result.refused:
        parts.append(f"{len(result.refused)} refused")
        forcible = sum(one.refusal.forcible for one in result.refused)
        if forcible and not force:
            parts.append(f"{forcible} of them would go with --force")
    return ", ".join(parts)


def _noted(note: Note) -> str:
    return f"{note.how} {iso_time(note.at)} by {note.by}"
