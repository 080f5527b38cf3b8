"""The protocol between the connector and whatever speaks WhatsApp. A real backend is written against this module alone.

WhatsApp keeps an event until it is acknowledged. The connector acknowledges only once Kafka has the event, so a backend must not
acknowledge by itself, and must deliver again, with the same event id, whatever was not acknowledged before a connection ended.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import SecretStr

from waypost_common.errors import ErrorCode
from waypost_common.identifiers import EpochMs, EventId, Jid, OrganizationId, SessionId
from waypost_common.live_commands import LiveCommand


class BackendError(Exception):
    """Base of what a backend may raise. Texts hold no secret and no message text."""


class ConnectionLostError(BackendError):
    """No connection, or not any more: connect again after a while. Nothing that was not acknowledged is lost."""


class ReplacedError(BackendError):
    """The session was connected from elsewhere. Never answered by connecting again, or the two would fight for ever."""


class LoggedOutError(BackendError):
    """WhatsApp no longer accepts the device: only pairing anew helps."""


class CallNotMadeError(ConnectionLostError):
    """The connection ended before WhatsApp could have seen the call: any call may be made again."""


class CallRefusedError(BackendError):
    """WhatsApp understood the call and did not do it. The text says why, for the caller to read."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class CallUnsupportedError(BackendError):
    """The backend cannot do this, with this payload."""


class CallLimitedError(BackendError):
    """WhatsApp did not do it, because the session asks for too much."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("WhatsApp limits how often this session may do this")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Device:
    """What a process needs to connect a session."""

    session: SessionId
    organization: OrganizationId
    key: SecretStr
    label: str | None = None
    paired: bool = True
    """Whether WhatsApp knows the device. Else it must be paired before it can connect, and `key` says nothing."""
    fence: int | None = None
    """Token of the ownership under which the session is connected; every login and session event carries it."""


@dataclass(frozen=True)
class Identity:
    """Who the session is on WhatsApp, known once it is connected."""

    phone_number: str | None
    jid: Jid | None
    lid: Jid | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event as WhatsApp delivered it. `payload` has the fields that events.md gives for `event`, as plain JSON values."""

    event_id: EventId
    """Derived from what WhatsApp calls the delivery: the same again when it is delivered again."""
    sequence: int
    """Place in the session's stream: rises, with gaps allowed."""
    event: str
    payload: Mapping[str, Any]
    alternative: Jid | None = None
    """The other address (LID or phone) of the dm's person, where WhatsApp gives both."""


@dataclass(frozen=True)
class PairingCode:
    """What the phone's owner scans, or types where a phone number was given."""

    code: str
    expires_at: EpochMs
    typed: bool = False


@dataclass(frozen=True)
class Paired:
    """The phone has accepted: `device` can connect from now on."""

    device: Device
    identity: Identity
    platform: str | None = None
    business_name: str | None = None


@dataclass(frozen=True, slots=True)
class CallEvent:
    """What a call brought about, as WhatsApp would have delivered it, had it come from another device."""

    event: str
    payload: Mapping[str, Any]
    alternative: Jid | None = None


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a successful call leaves. Its events all concern one chat, or all the session as a whole, and are not delivered again.

    The stored copy follows from the events alone. A call without any is done once WhatsApp has said so.
    """

    events: Sequence[CallEvent] = ()
    result: Mapping[str, Any] | None = None
    """What the caller is told, as `waypost_common.live_commands` says for the command."""


class Connection(Protocol):
    """One logged-in session. Used by one task at a time for events, by another for acknowledgements, by several for calls."""

    @property
    def identity(self) -> Identity: ...

    def events(self) -> AsyncIterator[Delivery]:
        """Deliveries in WhatsApp's order, for ever. Waits where there are none; a caller that stops asking slows WhatsApp down.

        Cancelling the wait loses nothing. Raises ConnectionLostError, ReplacedError or LoggedOutError when the connection ends.
        """
        ...

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Tells WhatsApp that these need not come again. Called in the order of delivery, without gaps.

        May wait for the socket. Idempotent. Raises ConnectionLostError; the deliveries then come again.
        """
        ...

    async def call(self, command: LiveCommand) -> CallResult:
        """Does on WhatsApp what the command says, and returns once WhatsApp has confirmed it.

        May wait for WhatsApp for as long as it takes: the caller sets the deadline, and cancelling leaves the connection usable.
        Raises CallRefusedError, CallUnsupportedError, CallLimitedError: it was not done. CallNotMadeError: nothing was sent.
        ConnectionLostError, ReplacedError, LoggedOutError: it may have been done.
        """
        ...

    async def disconnect(self) -> None:
        """Ends the connection; WhatsApp keeps what comes from now on. Idempotent, waits at most a moment, raises nothing."""
        ...


class Backend(Protocol):
    """A way to reach WhatsApp. One per process; safe to use from many tasks."""

    @property
    def name(self) -> str:
        """As in the `backend` field of a session and in the name of its command topic."""
        ...

    @property
    def operations(self) -> Sequence[str]:
        """The live operations that a session connected here can do, as its session.status lists them."""
        ...

    def pair(self, device: Device, phone: str | None) -> AsyncGenerator[PairingCode | Paired, None]:
        """Codes, each valid until the next of its kind, until the phone accepts one: that is told last.

        Codes to scan always, with `phone` (digits) one to type as well. Leaving off ends it. Raises ConnectionLostError.
        """
        ...

    async def unlink(self, device: Device) -> None:
        """Takes the device from its account for good, connected or not: its connection ends, its key opens nothing any more.

        Takes seconds at most. Idempotent. Raises ConnectionLostError: it may have been done.
        """
        ...

    async def connect(self, device: Device) -> Connection:
        """Logs a session in. Another connection of the same session, anywhere, is replaced.

        Takes seconds at most. Raises ConnectionLostError (try again later) or LoggedOutError (do not).
        """
        ...
