"""How often a session may send. Pure: the caller says what time it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SendLimit:
    """A sliding window: never more than `count` sends within any so many seconds."""

    count: int
    seconds: float


def seconds_until_free(sent: Sequence[float], limits: Iterable[SendLimit], now: float) -> float:
    """How long no further send is allowed; 0 when one is now.

    `sent`: when the session did, oldest first; like `now` in seconds of any one clock.
    """
    # The send that is `count` back must have left the window.
    waits = (sent[-limit.count] + limit.seconds - now for limit in limits if len(sent) >= limit.count)
    return max([0.0, *waits])
