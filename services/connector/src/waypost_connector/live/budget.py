"""How often a session may send. Pure: the caller says what time it is."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SendLimit:
    count: int
    seconds: float


class SendBudget:
    """Sliding windows: never more than `count` sends within any `seconds`, of each limit."""

    def __init__(self, limits: Sequence[SendLimit]) -> None:
        self._limits = limits
        self._sent: deque[float] = deque(maxlen=max(limit.count for limit in limits))

    def seconds_until_free(self, now: float) -> float:
        """How long no further send is allowed; 0 when one is now. `now`: monotonic seconds."""
        waits = [
            self._sent[-limit.count] + limit.seconds - now for limit in self._limits if len(self._sent) >= limit.count
        ]  # the send that is `count` back must have left the window
        return max(0.0, *waits) if waits else 0.0

    def take(self, now: float) -> bool:
        """Counts one send, unless none is allowed now."""
        if self.seconds_until_free(now) > 0:
            return False
        self._sent.append(now)
        return True

    def give_back(self) -> None:
        """Takes back the newest send that was counted: it was not made."""
        if self._sent:
            self._sent.pop()
