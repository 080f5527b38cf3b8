"""The protocol between the connector and whatever speaks WhatsApp. A real backend is written against this module alone.

WhatsApp keeps an event until it is acknowledged. The connector acknowledges only once Kafka has the event, so a backend must not
acknowledge by itself, and must deliver again, with the same event id, whatever was not acknowledged before a connection ended.

Several processes serve one backend. Each session belongs to one of them at a time, and moves. The connector sees to it that only
the owner calls, acknowledges and logs in; a backend sees to two things: it keeps its keys in the `DeviceStore` that it is handed
and nowhere else, and it asks `DeviceStore.check` right before it sends a login.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

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


class OvertakenError(BackendError):
    """Another process owns the session now, or may: send nothing more for it. The connector ends the connection."""


class KeysUnreadableError(BackendError):
    """What was saved of the device is there, and no key of WAYPOST_DEVICES_KEYS opens it. Raised by `DeviceStore.load`."""


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
    label: str | None = None
    paired: bool = True
    """Whether WhatsApp knows the device. Else it must be paired before it can connect."""


class DeviceStore(Protocol):
    """The keys of one session's device, for as long as this process owns the session. One object for each time it is taken.

    Keys are encrypted at rest, and follow the session to another process. They are opaque: each backend has a format of its own.
    """

    @property
    def fence(self) -> int:
        """Token of the ownership: rises each time a process takes the session. Carried by a login that has a place for it."""
        ...

    def check(self) -> None:
        """To be called right before a login is sent, or what begins a pairing or unlinks, with nothing awaited in between.

        Raises OvertakenError unless the fence was seen to be current within the last 2 s.
        """
        ...

    async def load(self) -> bytes | None:
        """The keys that were saved last; None without any.

        Raises ConnectionLostError while they cannot be had, KeysUnreadableError, which a backend lets pass.
        """
        ...

    async def save(self, keys: bytes) -> None:
        """Replaces the keys, at most 1 MiB. Returns once a majority of MongoDB's members has them; cut short, either may stay.

        Idempotent. Raises OvertakenError: another process owns the session, nothing was saved. ConnectionLostError: not known.
        """
        ...

    async def delete(self) -> None:
        """Forgets the keys. Idempotent. Raises as `save`."""
        ...


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
    """The phone has accepted, and the keys are in the device store: the session can connect from now on."""

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
    def identity(self) -> Identity:
        """Who the session is on WhatsApp."""
        ...

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


@dataclass(frozen=True)
class BackendSettings:
    """What the connector tells a backend of itself. Its own settings come from the environment: `WAYPOST_<NAME>_<FIELD>`."""

    gateway_id: str
    """Name of the connector slot: what WhatsApp's side may be told of who calls."""


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

    async def devices(self) -> Sequence[Device]:
        """Devices that WhatsApp's side itself can list, linked or not, beside those whose keys the connector stores.

        Most backends cannot tell, and give none. Asked every few seconds. Raises ConnectionLostError: what was told last holds.
        """
        ...

    def pair(self, device: Device, store: DeviceStore, phone: str | None) -> AsyncGenerator[PairingCode | Paired, None]:
        """Codes, each valid until the next of its kind, until the phone accepts one: that is told last, with the keys saved.

        Codes to scan always, with `phone` (digits) one to type as well. Leaving off ends it.
        Raises ConnectionLostError, OvertakenError.
        """
        ...

    async def unlink(self, device: Device, store: DeviceStore) -> None:
        """Takes the device from its account for good, connected or not: its connection ends, its key opens nothing any more.

        The connector deletes the keys afterwards. Takes seconds at most. Idempotent. Raises ConnectionLostError: it may have been
        done. OvertakenError: it was not. KeysUnreadableError: it cannot be; the connector forgets the device all the same.
        """
        ...

    async def connect(self, device: Device, store: DeviceStore) -> Connection:
        """Logs a session in. Another connection of the same session, anywhere, is replaced.

        Takes seconds at most. Raises ConnectionLostError (try again later), LoggedOutError (do not), OvertakenError.
        """
        ...


class BackendFactory(Protocol):
    """What an entry point in the group `waypost.backends` names; the entry point's name is the backend's."""

    def __call__(self, settings: BackendSettings, /) -> Backend:
        """Makes the process's only backend, before the event loop runs: it connects to nothing yet.

        Reads its settings with `waypost_common.environment.load_settings`, which ends the process with exit code 2 and a line for
        each that is wrong. Raises CannotRunError for whatever else it lacks.
        """
        ...
