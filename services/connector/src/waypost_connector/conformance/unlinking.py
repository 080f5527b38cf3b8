# ruff: noqa: S101
"""Unlinking: the device leaves its account for good."""

import pytest

from waypost_connector.backend import ConnectionLostError, LoggedOutError, OvertakenError
from waypost_connector.conformance.counterpart import Counterpart
from waypost_connector.conformance.scene import Scene, Scenes, ending, soon


class Unlinking(Scenes):
    async def test_unlinking_ends_the_connection_and_the_keys(self, whatsapp: Counterpart, scene: Scene) -> None:
        """`unlink` takes the device from its account: its connection ends with LoggedOutError, its keys open nothing any more."""
        connection = await scene.connect()
        await soon(scene.backend.unlink(scene.device, scene.store))
        assert not await whatsapp.linked()
        await ending(connection, LoggedOutError)
        with pytest.raises(LoggedOutError):
            await scene.connect()

    async def test_a_device_is_unlinked_without_a_connection(self, whatsapp: Counterpart, scene: Scene) -> None:
        """`unlink` works connected or not, also in a process that has never connected the session."""
        await soon(whatsapp.backend().unlink(scene.device, scene.store))
        assert not await whatsapp.linked()

    async def test_unlinking_twice_is_as_once(self, whatsapp: Counterpart, scene: Scene) -> None:
        """`unlink` is idempotent, also once the connector has deleted the keys."""
        await soon(scene.backend.unlink(scene.device, scene.store))
        await soon(scene.backend.unlink(scene.device, scene.store))
        await scene.store.delete()
        await soon(scene.backend.unlink(scene.device, scene.store))
        assert not await whatsapp.linked()

    async def test_who_was_overtaken_unlinks_nothing(self, whatsapp: Counterpart, scene: Scene) -> None:
        """`unlink` asks `DeviceStore.check`: where it raises OvertakenError, the device stays linked."""
        scene.store.overtaken = True
        with pytest.raises(OvertakenError):
            await soon(scene.backend.unlink(scene.device, scene.store))
        assert await whatsapp.linked()

    async def test_unlinking_without_whatsapp_says_so(self, whatsapp: Counterpart, scene: Scene) -> None:
        """Where WhatsApp cannot be reached, `unlink` raises ConnectionLostError: it may have been done."""
        with pytest.raises(ConnectionLostError):
            await soon(whatsapp.stranded().unlink(scene.device, scene.store))
        assert await whatsapp.linked()
