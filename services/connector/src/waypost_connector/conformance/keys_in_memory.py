"""A device store for tests, on which every trouble can be brought."""

from waypost_connector.backend import ConnectionLostError, OvertakenError


class KeysInMemory:
    """A `waypost_connector.backend.DeviceStore`."""

    def __init__(self, fence: int = 1) -> None:
        self.fence = fence
        self.keys: bytes | None = None
        self.checks = 0
        """How often it was asked whether the session is still owned."""
        self.overtaken = False
        """Whether another process owns the session now."""
        self.away = False
        """Whether MongoDB cannot be reached."""

    def check(self) -> None:
        self.checks += 1
        if self.overtaken:
            raise OvertakenError("another process owns the session")

    async def load(self) -> bytes | None:
        if self.away:
            raise ConnectionLostError("the keys cannot be had")
        return self.keys

    async def save(self, keys: bytes) -> None:
        self._write(keys)

    async def delete(self) -> None:
        self._write(None)

    def _write(self, keys: bytes | None) -> None:
        if self.overtaken:
            raise OvertakenError("another process owns the session")
        if self.away:
            raise ConnectionLostError("it is not known whether the keys were stored")
        self.keys = keys
