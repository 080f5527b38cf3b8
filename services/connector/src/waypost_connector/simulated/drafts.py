"""An event of the simulated world before it has a moment: its times are relative, so that it can be made again later."""

from dataclasses import dataclass, field
from typing import Any, Final

from waypost_common.identifiers import FOREVER, EpochMs, Jid

TIMES: Final = frozenset({"timestamp", "lastSeen", "createdAtWa", "mutedUntil", "readUpTo", "before", "expiresAt"})
FURTHEST_MS: Final = 400 * 86_400_000
"""No draft points further from its moment than this; what is beyond (a mute for ever) is absolute."""


@dataclass(frozen=True, slots=True)
class Draft:
    """`payload` is as events.md says, except that the fields named in TIMES are milliseconds from the moment, 0 being now."""

    event: str
    payload: dict[str, Any]
    alternative: Jid | None = None
    """The other address of the dm's person, where WhatsApp tells it beside the one in the payload."""


@dataclass(slots=True)
class Burst:
    """What one step brings: drafts for now, and drafts that belong to it but come with one of the next steps."""

    now: list[Draft] = field(default_factory=list)
    later: dict[int, list[Draft]] = field(default_factory=dict)
    """By how many steps later."""

    def add(self, draft: Draft, steps_later: int = 0) -> None:
        (self.later.setdefault(steps_later, []) if steps_later else self.now).append(draft)


def at_moment(payload: dict[str, Any], now: EpochMs) -> dict[str, Any]:
    """The payload with real times. WhatsApp counts in whole seconds."""
    return {name: _moment(value, now) if name in TIMES else value for name, value in payload.items()}


def _moment(value: int | None, now: EpochMs) -> int | None:
    if value is None or abs(value) > FURTHEST_MS:
        return value
    return min(max(now + value, 0) // 1_000 * 1_000, FOREVER)
