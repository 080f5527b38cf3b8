"""What somebody makes happen in the network, beside what it does by itself: for tests and for looking into.

| from | frame | answer |
|---|---|---|
| stranger | `arrive` {secret, session, event, payload, alternative?} | `happened`: the event is queued for the session |
| stranger | `scan` {secret, session} | `happened`: whoever is shown the session's pairing codes has accepted one |
| stranger | `cut` {secret, session} | `happened`: the session's connection is broken |

Times in the payload are milliseconds from now, as in a draft. Each answer has `done`: false where there was nothing to do it to.
"""

from typing import Final

from waypost_connector.simulated.accounts import Accounts
from waypost_connector.simulated.arrivals import Arrivals
from waypost_connector.simulated.drafts import Draft
from waypost_connector.simulated.mailboxes import Mailbox
from waypost_connector.simulated.protocol import Frame, ProtocolError, text_field

KINDS: Final = frozenset({"arrive", "scan", "cut"})


class Happenings:
    def __init__(self, arrivals: Arrivals, accounts: Accounts) -> None:
        self._arrivals = arrivals
        self._accounts = accounts

    async def bring(self, frame: Frame, mailbox: Mailbox | None) -> Frame:
        """Does what the frame says, with the session's mailbox where it has one. Raises ProtocolError."""
        match frame["type"]:
            case "arrive":
                done = await self._arrive(frame, mailbox)
            case "scan":
                done = self._accounts.scan(text_field(frame, "session"))
            case _:
                done = mailbox is not None and mailbox.login is not None
                if mailbox is not None and mailbox.login is not None:
                    mailbox.login.frames.close()
        return {"type": "happened", "done": done}

    async def _arrive(self, frame: Frame, mailbox: Mailbox | None) -> bool:
        payload = frame.get("payload")
        if not isinstance(payload, dict):
            raise ProtocolError("arrive needs payload, an object")
        if mailbox is None or not mailbox.linked:
            return False
        await self._arrivals.bring(mailbox, [Draft(text_field(frame, "event"), payload, frame.get("alternative"))])
        return True
