"""From a record of the log to what a consumer of the stream sees. Pure."""

from typing import Any, Final, NamedTuple

import orjson

from waypost_common.consumption import Record
from waypost_common.dead_letters import DeadLetter
from waypost_common.events import EVENT_ADAPTER, Event, key_of
from waypost_common.record_values import parse_value

LARGEST: Final = 8 * 1024 * 1024
OURS: Final = frozenset({"fence", "requires"})
"""What the parts of the gateway tell each other in a payload."""
WITH_MEDIA: Final = frozenset({
    "message", "message.from_me", "message.edited", "message.revoked", "message.reaction", "poll.vote",
})  # fmt: skip
WITH_CODE: Final = frozenset({"auth.qr", "auth.code"})


class Summary(NamedTuple):
    """As much of an event as tells who may see it."""

    organization: str
    session: str
    event: str
    has_code: bool
    """Whether it holds a code that a phone is paired with."""
    timestamp: int


def summary_of(record: Record) -> Summary | None:
    """None for what is no event. Cheap: each record of the log goes through it."""
    try:
        found: Any = orjson.loads(record.value or b"")
    except orjson.JSONDecodeError:
        return None
    match found:
        case {
            "organization": str(organization), "session": str(session), "event": str(event), "timestamp": int(timestamp),
            "payload": dict(payload),
        }:  # fmt: skip
            has_code = event in WITH_CODE and payload.get("code") is not None
            return Summary(organization, session, event, has_code, timestamp)
        case _:
            return None


def shown(record: Record, summary: Summary) -> bytes | None:
    """The envelope as JSON on one line, with the fields of the catalogue alone; None for what ingest would set aside too."""
    event: Event | DeadLetter = parse_value(record, EVENT_ADAPTER, max_bytes=LARGEST)
    if isinstance(event, DeadLetter) or record.key is None or record.key.decode("utf-8", "replace") != key_of(event):
        return None
    if (event.organization, event.session, event.event) != summary[:3]:  # a name that stands there twice
        return None
    told = EVENT_ADAPTER.dump_python(event, mode="json", by_alias=True, exclude_unset=True)
    payload = {name: value for name, value in told["payload"].items() if name not in OURS}
    if event.event in WITH_MEDIA:
        payload.setdefault("media", None)
    return orjson.dumps(told | {"payload": payload})
