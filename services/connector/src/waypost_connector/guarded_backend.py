"""A backend whose faults strike one session: what its code should never raise becomes what the protocol has for trouble.

Without it, one exception that nobody thought of would end the process and all its sessions, again after each start.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from traceback import extract_tb

import structlog

from waypost_common.live_commands import LiveCommand
from waypost_connector.backend import (
    Backend,
    BackendError,
    CallResult,
    Connection,
    ConnectionLostError,
    Delivery,
    Device,
    DeviceStore,
    Identity,
    KeysUnreadableError,
    LoggedOutError,
    OvertakenError,
    Paired,
    PairingCode,
    ReplacedError,
)

log = structlog.stdlib.get_logger(__name__)


class GuardedBackend:
    """A Backend around another one. Where that one fails, `connect` raises a BackendError, all else a ConnectionLostError."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.name = backend.name
        self.operations = backend.operations

    async def devices(self) -> Sequence[Device]:
        with _retried():
            return await self._backend.devices()

    async def pair(self, device: Device, store: DeviceStore, phone: str | None) -> AsyncGenerator[PairingCode | Paired, None]:
        with _retried():
            async with aclosing(self._backend.pair(device, store, phone)) as steps:
                async for step in steps:
                    yield step
                    if isinstance(step, Paired):
                        return
            raise ConnectionLostError("the backend ended the pairing without a result")

    async def unlink(self, device: Device, store: DeviceStore) -> None:
        """Raises KeysUnreadableError too."""
        with _retried(passing=(KeysUnreadableError,)):
            await self._backend.unlink(device, store)

    async def connect(self, device: Device, store: DeviceStore) -> "GuardedConnection":
        try:
            return GuardedConnection(await self._backend.connect(device, store))
        except BackendError:
            raise
        except Exception as error:
            raise BackendError(_told(error)) from error


class GuardedConnection:
    """A Connection around another one. `call` is left alone: what comes of a call that failed is told by who made it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def identity(self) -> Identity:
        return self._connection.identity

    async def events(self) -> AsyncIterator[Delivery]:
        with _retried():
            async for delivery in self._connection.events():
                yield delivery
            raise ConnectionLostError("the backend ended the events without a reason")

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        with _retried():
            await self._connection.acknowledge(deliveries)

    async def call(self, command: LiveCommand) -> CallResult:
        return await self._connection.call(command)

    async def disconnect(self) -> None:
        try:
            await self._connection.disconnect()
        except Exception as error:  # noqa: BLE001 - it is over, whatever became of it
            _told(error)


@contextmanager
def _retried(*, passing: tuple[type[BackendError], ...] = ()) -> Iterator[None]:
    known: tuple[type[BackendError], ...] = (ConnectionLostError, ReplacedError, LoggedOutError, OvertakenError, *passing)
    try:
        yield
    except known:
        raise
    except BackendError as error:
        raise ConnectionLostError(str(error)) from error
    except Exception as error:
        raise ConnectionLostError(_told(error)) from error


def _told(error: Exception) -> str:
    """The kind and the place alone: the text of an unknown error may hold a message's or a key."""
    place = extract_tb(error.__traceback__)[-1]
    log.error("backend_failed", error=type(error).__name__, where=f"{place.filename}:{place.lineno}")
    return f"the backend failed with {type(error).__name__}; the log says where"
