"""How a delivery becomes an event of the contract."""

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from waypost_common.events import EVENT_ADAPTER, Event
from waypost_common.identifiers import EpochMs, EventId, OrganizationId, SessionId


def envelope(
    *,
    event_id: EventId,
    event: str,
    session: SessionId,
    organization: OrganizationId,
    timestamp: EpochMs,
    payload: Mapping[str, Any],
) -> bytes:
    """The envelope as JSON, not yet checked. `timestamp`: when the gateway saw it."""
    return orjson.dumps(
        {
            "schema": "v1",
            "id": event_id,
            "event": event,
            "session": session,
            "organization": organization,
            "timestamp": timestamp,
            "payload": payload,
        }
    )


def read_event(data: bytes) -> Event:
    """The event in these bytes, checked; JIDs lose their device part. Raises pydantic.ValidationError."""
    return EVENT_ADAPTER.validate_json(data)


def reason(error: ValidationError) -> str:
    """What is wrong and where, in one line, without the values: they may be message text."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    more = error.error_count() - 1
    return f"{place}: {first['msg']}".removeprefix(": ") + (f" (and {more} more)" if more else "")
