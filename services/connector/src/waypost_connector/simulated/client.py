"""The backend `simulated`: WhatsApp as the simulated network plays it."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Final

from waypost_common.identifiers import EpochMs, EventId, OrganizationId, SessionId
from waypost_common.live_commands import LiveCommand
from waypost_connector.backend import (
    BackendError,
    CallResult,
    ConnectionLostError,
    Delivery,
    Device,
    DeviceStore,
    Identity,
    LoggedOutError,
    Paired,
    PairingCode,
    ReplacedError,
)
from waypost_connector.simulated.calls_client import OPERATIONS, PendingCalls
from waypost_connector.simulated.protocol import PING_SECONDS, Frame, Frames, ProtocolError, open_frames
from waypost_connector.simulated.settings import NetworkAddress

CONNECT_SECONDS: Final = 10.0
NOT_LISTED: Final = (
    "the simulated network does not list its sessions: set WAYPOST_NETWORK_SECRET to its secret (in its folder, the file secret)"
)


class SimulatedConnection:
    """A logged-in session on a socket of its own, read by a task of its own: answers do not wait behind events."""

    def __init__(self, frames: Frames, identity: Identity) -> None:
        self.identity = identity
        self._frames = frames
        self._calls = PendingCalls(frames)
        # Bounded by the network: it sends no more than its window until events are acknowledged.
        self._delivered: asyncio.Queue[Delivery | BackendError] = asyncio.Queue()
        self._timer = self._ping_later()
        self._reading = asyncio.get_running_loop().create_task(self._read(), name="read the network")

    async def events(self) -> AsyncIterator[Delivery]:
        while True:
            delivered = await self._delivered.get()
            if isinstance(delivered, BackendError):
                raise delivered
            yield delivered

    async def call(self, command: LiveCommand) -> CallResult:
        return await self._calls.make(command)

    async def _read(self) -> None:
        """Until the connection ends, which `events` is then told."""
        try:
            while True:
                self._take(await _read(self._frames))
        except BackendError as end:
            self._delivered.put_nowait(end)
        except (KeyError, TypeError):
            self._delivered.put_nowait(ConnectionLostError("the network sent what this connector does not understand"))
        finally:
            self._calls.lose()
            # Else the first acknowledgement after the end would seem to have reached somebody.
            self._frames.close()

    def _take(self, frame: Frame) -> None:
        match frame["type"]:
            case "event":
                delivery = Delivery(
                    event_id=EventId(f"evt_{frame['id']}"),
                    sequence=frame["sequence"],
                    event=frame["event"],
                    payload=frame["payload"],
                    alternative=frame.get("alternative"),
                )
                self._delivered.put_nowait(delivery)
            case "result":
                self._calls.answered(frame)
            case "replaced":
                raise ReplacedError("replaced by another connection")
            case "logged_out":
                raise LoggedOutError("the session was unlinked")
            case "error":
                raise ConnectionLostError(f"the network ended the connection: {frame.get('reason')}")
            case _:
                pass  # pong, and whatever a later network says

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            await _write(self._frames, {"type": "acknowledge", "through": deliveries[-1].sequence})

    async def disconnect(self) -> None:
        self._timer.cancel()
        self._reading.cancel()
        self._frames.close()

    def _ping_later(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(PING_SECONDS, self._ping)

    def _ping(self) -> None:
        """By the clock, not by who reads: a connection that Kafka holds up must not seem dead."""
        if self._frames.write_now({"type": "ping"}):
            self._timer = self._ping_later()


class SimulatedBackend:
    """Reaches the network at one address."""

    name: Final = "simulated"
    operations: Final[Sequence[str]] = OPERATIONS

    def __init__(self, address: NetworkAddress, *, client: str) -> None:
        self._address = address
        self._client = client
        self._listed: dict[SessionId, str] = {}
        """Device keys of the sessions that the network begins with: nobody has paired them."""

    async def connect(self, device: Device, store: DeviceStore) -> SimulatedConnection:
        key = await self._key(device, store)
        frames = await self._open()
        try:
            async with _deadline():
                login = {
                    "type": "login",
                    "session": device.session,
                    "deviceKey": key,
                    "fence": store.fence,
                    "client": self._client,
                }
                store.check()
                await _write(frames, login)
                answer = await _read(frames)
            return SimulatedConnection(frames, _identity(answer))
        except BaseException:
            frames.close()
            raise

    async def pair(self, device: Device, store: DeviceStore, phone: str | None) -> AsyncGenerator[PairingCode | Paired, None]:
        frames = await self._open()
        with contextlib.closing(frames):
            store.check()
            request = {"type": "pair", "secret": self._secret(), "session": device.session, "organization": device.organization}
            await _write(frames, request | ({} if phone is None else {"phone": phone}))
            while (answer := await _read(frames))["type"] == "code":
                yield PairingCode(answer["code"], EpochMs(answer["expiresAt"]), typed=answer["typed"])
            _expect(answer, "paired")
            await store.save(answer["deviceKey"].encode())
            yield Paired(_identity_in(answer), platform=answer["platform"])

    async def unlink(self, device: Device, store: DeviceStore) -> None:
        frames = await self._open()
        with contextlib.closing(frames):
            async with _deadline():
                store.check()
                await _write(frames, {"type": "unlink", "secret": self._secret(), "session": device.session})
                _expect(await _read(frames), "unlinked")

    async def devices(self) -> Sequence[Device]:
        """All sessions that the network knows, also those that were unlinked. Raises ConnectionLostError."""
        frames, devices, more = await self._open(), list[Device](), True
        with contextlib.closing(frames):
            async with _deadline():
                while more:
                    await _write(frames, {"type": "sessions", "secret": self._secret(), "after": len(devices)})
                    answer = await _read(frames)
                    _expect(answer, "sessions")
                    devices += (_device(session) for session in answer["sessions"])
                    self._listed |= {SessionId(session["session"]): session["deviceKey"] for session in answer["sessions"]}
                    more = answer["more"]
        return devices

    async def _key(self, device: Device, store: DeviceStore) -> str:
        """What was saved when the session was paired; at first what the network has told, which is saved then."""
        kept = await store.load()
        if kept is not None:
            return kept.decode()
        key = self._listed.get(device.session)
        if key is None:
            raise LoggedOutError("there are no keys of the session: it must be paired")
        await store.save(key.encode())
        return key

    def _secret(self) -> str:
        if self._address.secret is None:
            raise ConnectionLostError(NOT_LISTED)
        return self._address.secret.get_secret_value()

    async def _open(self) -> Frames:
        host, port = self._address.host, self._address.port
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await open_frames(host, port)
        except OSError as error:
            raise ConnectionLostError(f"no simulated network at {host}:{port}: is waypost-simulated-network running?") from error


def _identity(answer: Frame) -> Identity:
    if answer["type"] == "refused":
        raise LoggedOutError(f"the network refused the login: {answer.get('reason')}")
    if answer["type"] != "welcome":
        raise ConnectionLostError("the network did not answer the login")
    return _identity_in(answer)


def _expect(answer: Frame, kind: str) -> None:
    """The network refuses whoever does not know its secret."""
    if answer["type"] != kind:
        raise ConnectionLostError(NOT_LISTED)


def _identity_in(answer: Frame) -> Identity:
    who = answer["identity"]
    return Identity(phone_number=who["phoneNumber"], jid=who["jid"], lid=who["lid"])


def _device(session: Frame) -> Device:
    return Device(
        session=SessionId(session["session"]),
        organization=OrganizationId(session["organization"]),
        label=session["label"],
        paired=session["linked"],
    )


@contextlib.asynccontextmanager
async def _deadline() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            yield
    except TimeoutError as error:
        raise ConnectionLostError("the network did not answer in time") from error


async def _read(frames: Frames) -> Frame:
    try:
        frame = await frames.read()
    except (OSError, ProtocolError) as error:
        raise ConnectionLostError("the connection to the network broke") from error
    if frame is None:
        raise ConnectionLostError("the network ended the connection")
    return frame


async def _write(frames: Frames, frame: Frame) -> None:
    try:
        await frames.write(frame)
    except OSError as error:
        raise ConnectionLostError("the connection to the network broke") from error
