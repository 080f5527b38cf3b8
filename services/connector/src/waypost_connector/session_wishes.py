"""What a session is to do: as its document says, and as it has decided itself a moment ago."""

import asyncio
from typing import Any

from waypost_connector.wishes import Wish


class SessionWishes:
    """Of one session. Decisions are told by the session's next status, with which they come to the document."""

    def __init__(self) -> None:
        self.running: bool | None = None
        """None until it is known."""
        self.removed = False
        self.identified = False
        """Whether the session has been paired at least once."""
        self.untold: bool | None = None
        """A decision that no status has told yet."""
        self.told = asyncio.Event()
        """Set while every decision is on its way."""
        self.told.set()
        self._decided = False

    def hear(self, wish: Wish, *, announced: str | None) -> bool:
        """Takes on what the document says, and tells whether that changes anything.

        After a decision the document is behind until it has the status that was announced with it, or a later one.
        """
        self.identified |= wish.identified
        if wish.removed and not self.removed:
            self.removed, self.running = True, False
            return True
        if self._decided and wish.status != announced:
            return False
        self._decided = False
        changed, self.running = wish.running is not self.running, wish.running
        return changed

    def decide(self, *, running: bool) -> None:
        """Something happened, or was asked for, that says whether the session is to run."""
        self.running = self.untold = running
        self._decided = True
        self.told.clear()

    def tell(self) -> dict[str, Any]:
        """The fields of session.status that tell a decision, once."""
        untold, self.untold = self.untold, None
        return {} if untold is None else {"desired": "running" if untold else "stopped"}
