"""How bytes become an event of the contract, and what is wrong with those that are none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import ValidationError

from waypost_common.events import EVENT_ADAPTER, EVENT_TYPES, Event
from waypost_common.identifiers import EpochMs, EventId, OrganizationId, SessionId
from waypost_common.jids import CHAT_TYPE_OF_DOMAIN, InvalidJidError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FIELDS: Final = ("schema", "id", "event", "session", "organization", "timestamp", "payload")


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """An event of the contract but for its payload. Not yet checked."""

    event_id: EventId
    event: str
    session: SessionId
    organization: OrganizationId
    timestamp: EpochMs
    """When the gateway saw it."""

    def around(self, payload: Mapping[str, Any]) -> bytes:
        """As JSON. Raises orjson.JSONEncodeError for what JSON has no form for."""
        return orjson.dumps(self._fields(payload))

    def around_anything(self, payload: object) -> bytes:
        """As JSON, for the dead letters: what JSON has no form for is told as Python writes it."""
        try:
            # Of the standard library: orjson refuses a lone surrogate and an integer of more than 64 bits.
            return json.dumps(self._fields(payload), default=repr, skipkeys=True).encode()
        except Exception as error:  # noqa: BLE001 - a backend may hand out anything
            return self.around({"unwritten": type(error).__name__})

    def _fields(self, payload: object) -> dict[str, Any]:
        return {
            "schema": "v1",
            "id": self.event_id,
            "event": self.event,
            "session": self.session,
            "organization": self.organization,
            "timestamp": self.timestamp,
            "payload": payload,
        }


def read_event(data: bytes) -> Event:
    """The event in these bytes, checked; JIDs lose their device part. Raises pydantic.ValidationError."""
    return EVENT_ADAPTER.validate_json(data)


def reason(error: ValidationError) -> str:
    """The first fault in one line: field, what is wrong, what is expected. Without the values: they may be message text."""
    first = error.errors(include_url=False, include_input=False)[0]
    more = error.error_count() - 1
    return _fault(first) + (f" (and {more} more)" if more else "")


def _fault(fault: "ErrorDetails") -> str:
    message = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
    event, *path = map(str, fault["loc"] or ("",))  # what is wrong within an event begins with its type, which is no field
    field = ".".join(path)
    match fault["type"]:
        case "json_invalid":
            message = f"not JSON: {message.removeprefix('Invalid JSON: ').replace('line 1 ', '')}; expected one JSON object"
        case "dict_type" if not field:
            message = f"not a JSON object; expected one with {', '.join(FIELDS)}"
        case "union_tag_not_found":
            field, message = "event", f"missing; expected one of {', '.join(EVENT_TYPES)}"
        case "union_tag_invalid":
            field, message = "event", f"unknown; expected one of {', '.join(EVENT_TYPES)}"
        case "missing":
            message = f"missing; every event {event} has it"
        case _ if isinstance(fault.get("ctx", {}).get("error"), InvalidJidError):
            message += f"; expected one that ends with @{', @'.join(CHAT_TYPE_OF_DOMAIN)}"
        case _:
            pass
    return f"{field}: {message}" if field else message
