"""Short forms of events for tests of the running system: one chat, plain messages, times that rise."""

import time
from typing import Any

from waypost_common.events import EVENT_ADAPTER, Event
from waypost_common.identifiers import new_event_id

SESSION = "S1"
ORGANIZATION = "org_1"
ALICE = "6281234567890@s.whatsapp.net"


def now() -> int:
    return time.time_ns() // 1_000_000


def event(name: str, payload: dict[str, Any], **envelope: Any) -> Event:
    body = {
        "schema": "v1",
        "id": new_event_id(),
        "event": name,
        "session": SESSION,
        "organization": ORGANIZATION,
        "timestamp": now(),
        "payload": payload,
    }
    return EVENT_ADAPTER.validate_python(body | envelope, strict=False)


def message(own_id: str, *, chat: str = ALICE, envelope: dict[str, Any] | None = None, **fields: Any) -> Event:
    payload = {
        "waMessageId": own_id,
        "chatJid": chat,
        "fromMe": False,
        "type": "text",
        "hasMedia": False,
        "timestamp": now() // 1_000 * 1_000,
        "body": "Hello",
    }
    return event("message", payload | fields, **(envelope or {}))


def working_session(session: str = SESSION, organization: str = ORGANIZATION) -> Event:
    return event("session.status", {"status": "working", "operations": []}, session=session, organization=organization)
