"""How a stream's frames look on the wire, in either of its two forms. Pure."""

from collections.abc import Sequence
from typing import Final, Protocol

import orjson

from waypost_common.errors import WaypostError

RETRY_MS: Final = 2_000
"""How long a browser's EventSource waits before it connects again."""


class Frames(Protocol):
    """`token`: the place behind all that was told so far, to resume from; None where it is not known yet."""

    media_type: str

    def connected(self, heartbeat_s: int, token: str | None) -> bytes: ...

    def events(self, bodies: Sequence[bytes], token: str) -> bytes:
        """The last of them carries the token: a client that lost some of a burst gets that burst again."""
        ...

    def heartbeat(self, token: str | None) -> bytes: ...

    def error(self, error: WaypostError) -> bytes: ...


class ServerSentEvents:
    """The event's name stands in its data, never in `event:`: so all of them reach `onmessage`."""

    media_type = "text/event-stream"

    def connected(self, heartbeat_s: int, token: str | None) -> bytes:
        return b"retry: %d\n%bdata: %b\n\n" % (RETRY_MS, _id(token), _connected(heartbeat_s))

    def events(self, bodies: Sequence[bytes], token: str) -> bytes:
        *earlier, last = bodies
        return b"".join([*(b"data: %b\n\n" % body for body in earlier), b"%bdata: %b\n\n" % (_id(token), last)])

    def heartbeat(self, token: str | None) -> bytes:
        """A comment, and the place: a block without data changes the last event id and is no event (HTML, 9.2.6)."""
        return b": ping\n%b\n" % _id(token)

    def error(self, error: WaypostError) -> bytes:
        return b"data: %b\n\n" % _error(error)


class JsonLines:
    """An envelope a line; the place comes in a line of its own, since envelopes have no field for it."""

    media_type = "application/x-ndjson"

    def connected(self, heartbeat_s: int, token: str | None) -> bytes:
        return _connected(heartbeat_s) + b"\n" + (b"" if token is None else self.heartbeat(token))

    def events(self, bodies: Sequence[bytes], token: str) -> bytes:
        return b"\n".join(bodies) + b"\n" + self.heartbeat(token)

    def heartbeat(self, token: str | None) -> bytes:
        return orjson.dumps({"event": "ping", "cursor": token}) + b"\n"

    def error(self, error: WaypostError) -> bytes:
        return _error(error) + b"\n"


def frames_for(accept: str) -> Frames:
    """By the header `Accept`: JSON lines unless it names the other form."""
    accepted = {part.split(";")[0].strip().lower() for part in accept.split(",")}
    return ServerSentEvents() if ServerSentEvents.media_type in accepted else JsonLines()


def _connected(heartbeat_s: int) -> bytes:
    return orjson.dumps({"event": "connected", "heartbeatSeconds": heartbeat_s})


def _error(error: WaypostError) -> bytes:
    return orjson.dumps({"event": "error", "error": {"code": error.code.value, "message": error.message}})


def _id(token: str | None) -> bytes:
    return b"" if token is None else b"id: %b\n" % token.encode()
