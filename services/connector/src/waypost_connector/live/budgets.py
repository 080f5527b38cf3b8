"""The send budgets of all sessions that have sent something here."""

from collections.abc import Sequence

from waypost_common.identifiers import SessionId
from waypost_connector.live.budget import SendBudget, SendLimit


class SendBudgets:
    def __init__(self, limits: Sequence[SendLimit]) -> None:
        self._limits = limits
        self._of: dict[SessionId, SendBudget] = {}

    def take(self, session: SessionId, now: float) -> float:
        """Counts a send and returns 0, or returns the seconds until one is allowed."""
        budget = self._of.setdefault(session, SendBudget(self._limits))
        return 0.0 if budget.take(now) else budget.seconds_until_free(now)

    def give_back(self, session: SessionId) -> None:
        self._of[session].give_back()
