"""A fault in a backend's code strikes one session, and no text of it gets into logs."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from waypost_common.identifiers import EpochMs, OrganizationId, SessionId
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
    OvertakenError,
    Paired,
    PairingCode,
    ReplacedError,
)
from waypost_connector.conformance import KeysInMemory
from waypost_connector.guarded_backend import GuardedBackend, GuardedConnection

DEVICE = Device(SessionId("s1"), OrganizationId("org_a"))
STORE = KeysInMemory()
SECRET = "text of a message"


class Broken:
    """A Backend and its Connection: everything raises the same."""

    name = "broken"
    operations = ("message.send",)
    identity = Identity("9991", None, None)

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    def fail(self) -> None:
        if self._error is not None:
            raise self._error

    async def devices(self) -> Sequence[Device]:
        self.fail()
        return ()

    async def pair(self, device: Device, store: DeviceStore, phone: str | None) -> AsyncGenerator[PairingCode | Paired, None]:
        yield PairingCode("2@abc", EpochMs(20_000))
        self.fail()

    async def unlink(self, device: Device, store: DeviceStore) -> None:
        self.fail()

    async def connect(self, device: Device, store: DeviceStore) -> "Broken":
        self.fail()
        return self

    async def events(self) -> AsyncIterator[Delivery]:
        self.fail()
        deliveries: Sequence[Delivery] = ()
        for delivery in deliveries:
            yield delivery

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self.fail()

    async def call(self, command: LiveCommand) -> CallResult:
        return CallResult()

    async def disconnect(self) -> None:
        self.fail()


async def consume(steps: AsyncIterator[object]) -> None:
    async for _ in steps:
        pass


Attempt = Callable[[Broken], Coroutine[Any, Any, object]]
RETRIED: dict[str, Attempt] = {
    "devices": lambda broken: GuardedBackend(broken).devices(),
    "pair": lambda broken: consume(GuardedBackend(broken).pair(DEVICE, STORE, None)),
    "unlink": lambda broken: GuardedBackend(broken).unlink(DEVICE, STORE),
    "events": lambda broken: consume(GuardedConnection(broken).events()),
    "acknowledge": lambda broken: GuardedConnection(broken).acknowledge([]),
}


@pytest.mark.parametrize("attempt", RETRIED.values(), ids=RETRIED)
@pytest.mark.parametrize("error", [KeyError(SECRET), TimeoutError(SECRET), RuntimeError(SECRET)], ids=repr)
async def test_what_a_backend_must_not_raise_is_taken_for_a_lost_connection(attempt: Attempt, error: Exception) -> None:
    with capture_logs() as lines, pytest.raises(ConnectionLostError) as raised:
        await attempt(Broken(error))
    assert [(line["event"], line["error"]) for line in lines] == [("backend_failed", type(error).__name__)]
    assert SECRET not in f"{lines} {raised.value}"


@pytest.mark.parametrize("attempt", RETRIED.values(), ids=RETRIED)
async def test_so_is_trouble_of_no_known_kind(attempt: Attempt) -> None:
    with pytest.raises(ConnectionLostError, match=r"^no key opens them$"):
        await attempt(Broken(BackendError("no key opens them")))


@pytest.mark.parametrize("attempt", RETRIED.values(), ids=RETRIED)
@pytest.mark.parametrize("error", [ConnectionLostError(""), ReplacedError(""), LoggedOutError(""), OvertakenError("")], ids=repr)
async def test_what_the_protocol_has_a_name_for_stays_what_it_is(attempt: Attempt, error: BackendError) -> None:
    with pytest.raises(type(error)) as raised:
        await attempt(Broken(error))
    assert raised.value is error


async def test_a_login_that_fails_without_reason_makes_the_session_failed() -> None:
    with pytest.raises(BackendError) as raised:
        await GuardedBackend(Broken(KeyError(SECRET))).connect(DEVICE, STORE)
    assert type(raised.value) is BackendError
    assert SECRET not in str(raised.value)


async def test_disconnecting_raises_nothing() -> None:
    connection = await GuardedBackend(Broken(None)).connect(DEVICE, STORE)
    assert connection.identity == Broken.identity
    await GuardedConnection(Broken(KeyError(SECRET))).disconnect()


@pytest.mark.parametrize("endless", ["pair", "events"])
async def test_what_must_not_end_by_itself_is_begun_again(endless: str) -> None:
    with pytest.raises(ConnectionLostError):
        await RETRIED[endless](Broken(None))
