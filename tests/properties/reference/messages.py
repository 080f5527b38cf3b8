"""How one message reads, given everything that its chat was told in the current epoch.

Decisions where the catalogue is silent:
- An erasure touches a message when the message's own effective time is at or before it; the body of the newest edit
  comes back when that edit's effective time is after it. Several erasures of one person: the latest counts.
- Reactions, votes and posts show WhatsApp's time; only comparisons use the effective one.
- An empty vote stays listed with no hashes; an empty reaction is hidden.
- The first `failed` acknowledgement sets the error, also when it carries none.
- Nested objects have exactly the documented fields, null where absent; lists are as given, null where absent.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from .records import Json, Record

STATUSES = ("pending", "sent", "failed", "delivered", "read", "played")


def is_from_me(record: Record) -> bool:
    return record.event == "message.from_me" or bool(record.payload["fromMe"])


def newest(records: Iterable[Record]) -> Record | None:
    return max(records, key=lambda record: record.order, default=None)


def newest_of_each_sender(records: Sequence[Record]) -> list[tuple[str, Record]]:
    senders = sorted({record.sender for record in records})
    return [(who, max((r for r in records if r.sender == who), key=lambda r: r.order)) for who in senders]


def message_view(message: Record, others: Sequence[Record], erasures: Sequence[Record]) -> Json:
    """`others`: all edits, revocations, reactions, votes and acknowledgements of the epoch, in log order."""
    payload = message.payload
    about = [record for record in others if record.payload.get("targetId") == payload["waMessageId"]]
    edit = newest(record for record in about if record.event == "message.edited")
    deleted = any(record.event == "message.revoked" for record in about)
    erased_until = _erased_until(message, erasures)
    erased = erased_until is not None
    gone = deleted or erased

    body = payload.get("body") if edit is None else edit.payload.get("body")
    if deleted or (erased_until is not None and (edit is None or edit.time <= erased_until)):
        body = None
    poll = None if gone else _fields(payload.get("poll"), "name", "options", "selectableCount")
    status, error = _status(message, [record for record in others if record.event == "message.status"])
    return {
        "id": payload["waMessageId"],
        "senderJid": payload.get("senderJid"),
        "senderLid": payload.get("senderLid"),
        "pushName": None if erased else payload.get("pushName"),
        "fromMe": is_from_me(message),
        "type": payload["type"],
        "body": body,
        "status": status,
        "error": error,
        "hasMedia": payload["hasMedia"],
        "media": None if gone else _fields(payload.get("media"), "mimetype", "size", "filename"),
        "mentions": None if gone else payload.get("mentions"),
        "quotedMessageId": payload.get("quotedMessageId"),
        "edited": edit is not None,
        "deleted": deleted,
        "timestamp": payload["timestamp"],
        "createdAt": message.seen_at,
        "history": payload.get("history") is True,
        "views": payload.get("views"),
        "location": None if gone else _fields(payload.get("location"), "latitude", "longitude", "name", "address"),
        "contact": None if gone else _fields(payload.get("contact"), "displayName", "vcard"),
        "poll": poll,
        "votes": [] if poll is None else _votes([record for record in about if record.event == "poll.vote"]),
        "reactions": _reactions([record for record in about if record.event == "message.reaction"]),
    }


def _erased_until(message: Record, erasures: Sequence[Record]) -> int | None:
    senders = (message.payload.get("senderJid"), message.payload.get("senderLid"))
    until = max((e.payload["before"] for e in erasures if e.payload["jid"] in senders), default=None)
    return until if until is not None and message.time <= until else None


def _status(message: Record, acknowledgements: Sequence[Record]) -> tuple[str | None, Any]:
    mine = [a for a in acknowledgements if message.payload["waMessageId"] in a.payload["messageIds"]]
    seen = [a.payload["status"] for a in mine]
    if is_from_me(message):
        seen.append("sent")
    status = max(seen, key=STATUSES.index, default=None)
    if status != "failed":
        return status, None
    first_failure = next(a for a in mine if a.payload["status"] == "failed")
    return status, first_failure.payload.get("error")


def _reactions(records: Sequence[Record]) -> list[Json]:
    return [
        {"senderJid": who, "emoji": record.payload["reaction"], "timestamp": record.payload["timestamp"]}
        for who, record in newest_of_each_sender(records)
        if record.payload.get("reaction")
    ]


def _votes(records: Sequence[Record]) -> list[Json]:
    return [
        {"voter": who, "selectedHashes": record.payload["selectedHashes"], "timestamp": record.payload["timestamp"]}
        for who, record in newest_of_each_sender(records)
    ]


def _fields(value: Json | None, *names: str) -> Json | None:
    return None if value is None else {name: value.get(name) for name in names}
