"""What follows a command over all hops in the headers of records, for logs and traces alone. Nothing is decided by it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from waypost_common.kafka import Headers, header_text

SANE_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
LONGEST_TRACEPARENT: Final = 128


@dataclass(frozen=True, slots=True)
class Trail:
    request_id: str | None = None
    """The `X-Request-Id` of the API that a command came from."""
    traceparent: str | None = None
    """W3C trace context: what causes the next hop."""

    def headers(self) -> list[tuple[str, bytes]]:
        """For a record that this causes."""
        named = (("request-id", self.request_id), ("traceparent", self.traceparent))
        return [(name, text.encode()) for name, text in named if text is not None]

    def under(self, traceparent: str | None) -> "Trail":
        """The same, with another cause."""
        return Trail(self.request_id, traceparent)


NO_TRAIL: Final = Trail()


def trail_of(headers: Headers | Sequence[tuple[str, bytes]]) -> Trail:
    """Anybody may have written the record: what could not be ours is left out."""
    if not headers:
        return NO_TRAIL
    request_id, traceparent = header_text(headers, "request-id"), header_text(headers, "traceparent")
    return Trail(
        request_id if request_id is not None and SANE_REQUEST_ID.fullmatch(request_id) else None,
        traceparent if traceparent is not None and len(traceparent) <= LONGEST_TRACEPARENT else None,
    )
