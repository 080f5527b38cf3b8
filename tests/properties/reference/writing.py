"""Envelopes, headers and identifiers as the catalogue describes them."""

from .records import Json

ORGANIZATION = "org_01J9ABC"
DEADLINE = 1_719_662_410_000
ULID_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(number: int) -> str:
    """A valid ULID whose low digits spell the number."""
    digits = ""
    for _ in range(16):
        number, digit = divmod(number, 32)
        digits = ULID_DIGITS[digit] + digits
    return "01J9ZX8K2Q" + digits


def envelope(event: str, session: str, payload: Json, timestamp: int, event_id: str) -> Json:
    return {
        "schema": "v1",
        "id": event_id,
        "event": event,
        "session": session,
        "organization": ORGANIZATION,
        "timestamp": timestamp,
        "payload": payload,
    }


def headers(event: str, command: str | None = None, *, last: bool = True) -> dict[str, str]:
    plain = {"event": event, "schema": "v1"}
    if command is None:
        return plain
    return {
        **plain,
        "command": command,
        "command-deadline": str(DEADLINE),
        **({"command-last": "true"} if last else {}),
    }
