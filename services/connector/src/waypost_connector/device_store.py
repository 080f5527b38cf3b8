"""Device keys in MongoDB, sealed, and only for who owns the session."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import structlog
from pymongo.errors import PyMongoError

from waypost_common.clock import now_ms
from waypost_common.device_keys import DeviceKeysError, Keyring
from waypost_common.documents import Collection
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.mongo import MongoCollection, MongoDatabase
from waypost_connector.backend import BackendError, ConnectionLostError, Device, KeysUnreadableError, OvertakenError
from waypost_connector.fences import Hold

log = structlog.stdlib.get_logger(__name__)

MOST_BYTES: Final = 1024 * 1024


class StoredDevices:
    """Of one backend."""

    def __init__(self, database: MongoDatabase, keyring: Keyring, *, backend: str) -> None:
        self._devices = database[Collection.DEVICES]
        self._keyring = keyring
        self._backend = backend

    def store(self, hold: Hold, organization: OrganizationId) -> "StoredDevice":
        return StoredDevice(self._devices, self._keyring, hold, organization)

    async def devices(self) -> Sequence[Device]:
        """Those that have keys. Raises PyMongoError."""
        cursor = self._devices.find({"backend": self._backend, "keys": {"$exists": True}}, {"organization": True})
        return [Device(SessionId(found["_id"]), OrganizationId(found["organization"])) async for found in cursor]


class StoredDevice:
    """As `waypost_connector.backend.DeviceStore`."""

    def __init__(self, devices: MongoCollection, keyring: Keyring, hold: Hold, organization: OrganizationId) -> None:
        self._devices = devices
        self._keyring = keyring
        self._hold = hold
        self._organization = organization

    @property
    def fence(self) -> int:
        return self._hold.fence

    def check(self) -> None:
        self._hold.check()

    async def load(self) -> bytes | None:
        with _answers():
            found = await self._devices.find_one(
                {"_id": self._hold.session, "organization": self._organization, "keys": {"$exists": True}}, {"keys": True}
            )
        if found is None:
            return None
        try:
            return self._keyring.open(self._hold.session, self._organization, found["keys"])
        except DeviceKeysError as error:
            raise KeysUnreadableError(str(error)) from error

    async def save(self, keys: bytes) -> None:
        if len(keys) > MOST_BYTES:
            raise BackendError(f"device keys of {len(keys):,} bytes; at most {MOST_BYTES:,} are kept")
        sealed = self._keyring.seal(self._hold.session, self._organization, keys)
        await self._change({"$set": {"keys": sealed, "keysSavedAt": now_ms()}})

    async def delete(self) -> None:
        await self._change({"$unset": {"keys": "", "keysSavedAt": ""}})

    async def _change(self, change: dict[str, Any]) -> None:
        mine = {"_id": self._hold.session, "organization": self._organization, "fence": self._hold.fence}
        with _answers():
            changed = await self._devices.update_one(mine, change)
        if not changed.matched_count:
            raise OvertakenError("another connector owns the session now")


@contextmanager
def _answers() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise ConnectionLostError(f"MongoDB, which has the device keys: {type(error).__name__}") from error
