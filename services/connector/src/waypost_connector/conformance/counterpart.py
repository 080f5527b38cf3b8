"""What the suite needs of WhatsApp's side. The backend's author writes it, against whatever plays WhatsApp in their tests."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Protocol

from waypost_common.identifiers import Jid
from waypost_connector.backend import Backend, Device


class CallFault(Enum):
    """What goes wrong with a call."""

    REFUSED = auto()
    """WhatsApp does not do it, and says why."""
    LIMITED = auto()
    """WhatsApp does not do it, because the session asks for too much."""
    UNANSWERED = auto()
    """WhatsApp does it and says nothing; the connection lasts."""
    CUT = auto()
    """WhatsApp does it, and the connection breaks before it has said so."""


class Counterpart(Protocol):
    """WhatsApp, in which one account and one device of the suite play a part. A new one, or a new device, for each test.

    Each method returns once what it says has happened on WhatsApp's side; that the backend hears of it may take a moment more.
    """

    @property
    def device(self) -> Device:
        """The device, which is not paired at first. The account is always the same."""
        ...

    @property
    def chat(self) -> Jid:
        """Somebody whom the account can send a text message to."""
        ...

    def backend(self) -> Backend:
        """A backend as each process makes one for itself: two of them share nothing but WhatsApp."""
        ...

    def stranded(self) -> Backend:
        """One that reaches no WhatsApp: nothing answers where it looks for it."""
        ...

    async def shows_codes(self) -> bool:
        """Whether a code of the device would be accepted now."""
        ...

    async def accept(self) -> None:
        """The account's owner scans the newest code. Nothing happens where none is valid."""
        ...

    async def arrive(self, *texts: str) -> None:
        """Text messages from somebody else arrive in one chat of the account, in this order."""
        ...

    async def unacknowledged(self) -> Sequence[str]:
        """Texts of those messages that WhatsApp still keeps for the device, the oldest first."""
        ...

    async def logins(self) -> int:
        """How often the device has logged in. A pairing counts, or does not, as WhatsApp has it."""
        ...

    async def cut(self) -> None:
        """The device's connection breaks, as networks do it."""
        ...

    async def log_out(self) -> None:
        """The account's owner removes the device from the account, on the phone."""
        ...

    async def linked(self) -> bool:
        """Whether the device belongs to the account."""
        ...

    async def sent(self) -> int:
        """How many messages of the device WhatsApp has taken."""
        ...

    async def strike(self, fault: CallFault) -> None:
        """This goes wrong with the device's next call, and with no other."""
        ...
