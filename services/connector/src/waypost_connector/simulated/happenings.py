"""What somebody makes happen in the network, beside what it does by itself: for tests and for looking into.

| from | frame | answer |
|---|---|---|
| stranger | `arrive` {secret, session, event, payload, alternative?} | `happened`: the event is queued for it, under `id` |
| stranger | `shown` {secret, session} | `happened`: nothing does; `done` says whether the session is shown pairing codes |
| stranger | `scan` {secret, session} | `happened`: whoever is shown the session's pairing codes has accepted one |

Times in the payload are milliseconds from now, as in a draft. Each answer has `done`: false where there was nothing to do it to.
"""

from typing import Final

from waypost_connector.simulated.accounts import Accounts
from waypost_connector.simulated.arrivals import Arrivals
from waypost_connector.simulated.drafts import Draft
from waypost_connector.simulated.mailboxes import Mailbox
from waypost_connector.simulated.protocol import Frame, ProtocolError, text_field

KINDS: Final = frozenset({"arrive", "shown", "scan"})


class Happenings:
    def __init__(self, arrivals: Arrivals, accounts: Accounts) -> None:
        self._arrivals = arrivals
        self._accounts = accounts

    async def bring(self, frame: Frame, mailbox: Mailbox | None) -> Frame:
        """Does what the frame says, with the session's mailbox where it has one. Raises ProtocolError."""
        match frame["type"]:
            case "arrive":
                return await self._arrive(frame, mailbox)
            case "shown":
                done = self._accounts.shows_codes(text_field(frame, "session"))
            case _:
                done = self._accounts.scan(text_field(frame, "session"))
        return {"type": "happened", "done": done}

    async def _arrive(self, frame: Frame, mailbox: Mailbox | None) -> Frame:
        payload = frame.get("payload")
        if not isinstance(payload, dict):
            raise ProtocolError("arrive needs payload, an object")
        if mailbox is None or not mailbox.linked:
            return {"type": "happened", "done": False}
        [queued] = await self._arrivals.bring(mailbox, [Draft(text_field(frame, "event"), payload, frame.get("alternative"))])
        return {"type": "happened", "done": True, "id": queued.id}
