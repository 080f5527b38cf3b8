# ruff: noqa: S101
"""Logging in: whose keys, how often, and how a connection ends."""

import re
from typing import get_args

import pytest

from waypost_common.live_commands import LiveCommand
from waypost_connector.backend import ConnectionLostError, Device, LoggedOutError, OvertakenError, ReplacedError
from waypost_connector.conformance.counterpart import Counterpart
from waypost_connector.conformance.scene import Scene, Scenes, becomes, ending, received, soon

COMMANDS = {one.model_fields["command"].default for one in get_args(get_args(LiveCommand)[0])}


class Connecting(Scenes):
    async def test_the_backend_names_itself_and_what_it_can_do(self, new: Scene) -> None:
        """`name` fits into a topic's name; `operations` are names of live commands, each once, message.send among them."""
        assert re.fullmatch(r"[a-z0-9_-]{1,32}", new.backend.name)
        assert set(new.backend.operations) <= COMMANDS
        assert len(set(new.backend.operations)) == len(new.backend.operations)
        assert "message.send" in new.backend.operations

    async def test_the_devices_that_whatsapp_lists_are_told(self, scene: Scene) -> None:
        """`devices` gives devices, or nothing; a session stands in it once."""
        devices = await soon(scene.backend.devices())
        assert all(isinstance(device, Device) for device in devices)
        assert len({device.session for device in devices}) == len(devices)

    async def test_keys_are_kept_in_the_store_and_nowhere_else(self, whatsapp: Counterpart, scene: Scene) -> None:
        """Keys are kept in the device store only: another process, with nothing but the store, connects."""
        connection = await scene.connect(whatsapp.backend())
        await whatsapp.arrive("to the other process")
        assert await received(connection, "to the other process")

    async def test_a_device_without_keys_is_logged_out(self, new: Scene) -> None:
        """WhatsApp does not accept a device that was never paired: LoggedOutError, which no retry follows."""
        with pytest.raises(LoggedOutError):
            await new.connect()

    async def test_no_login_is_sent_by_who_was_overtaken(self, whatsapp: Counterpart, scene: Scene) -> None:
        """`DeviceStore.check` is asked right before a login; where it raises OvertakenError, no login is made."""
        before = await whatsapp.logins()
        scene.store.overtaken = True
        with pytest.raises(OvertakenError):
            await scene.connect()
        assert await whatsapp.logins() == before

    async def test_each_login_asks_anew_whether_it_may_be_sent(self, scene: Scene) -> None:
        """The answer of `DeviceStore.check` holds for one login: the next one asks again."""
        connection = await scene.connect()
        before = scene.store.checks
        await scene.reconnect(connection)
        assert scene.store.checks > before

    async def test_no_login_is_made_while_the_keys_cannot_be_had(self, whatsapp: Counterpart, scene: Scene) -> None:
        """What `DeviceStore.load` raises is raised by `connect`: no keys, no login."""
        before = await whatsapp.logins()
        scene.store.away = True
        with pytest.raises(ConnectionLostError):
            await scene.connect()
        assert await whatsapp.logins() == before

    async def test_without_whatsapp_there_is_no_connection(self, whatsapp: Counterpart, scene: Scene) -> None:
        """Where WhatsApp cannot be reached, `connect` raises ConnectionLostError: try again later."""
        with pytest.raises(ConnectionLostError):
            await scene.connect(whatsapp.stranded())

    async def test_a_connection_replaces_the_one_before(self, whatsapp: Counterpart, scene: Scene) -> None:
        """Another connection of the same session, anywhere, is replaced: its events end with ReplacedError."""
        older = await scene.connect()
        newer = await scene.connect(whatsapp.backend())
        await ending(older, ReplacedError)
        await whatsapp.arrive("to the newer one")
        assert await received(newer, "to the newer one")

    async def test_a_broken_connection_is_told_and_another_can_be_made(self, whatsapp: Counterpart, scene: Scene) -> None:
        """A connection that breaks ends its events with ConnectionLostError; connecting again helps."""
        connection = await scene.connect()
        await whatsapp.cut()
        await ending(connection, ConnectionLostError)
        again = await scene.reconnect(connection)
        await whatsapp.arrive("after the break")
        assert await received(again, "after the break")

    async def test_a_logout_on_the_phone_ends_the_connection(self, whatsapp: Counterpart, scene: Scene) -> None:
        """A device that was removed on the phone: the events end with LoggedOutError, and so does every later login."""
        connection = await scene.connect()
        await whatsapp.log_out()
        await ending(connection, LoggedOutError)
        with pytest.raises(LoggedOutError):
            await scene.connect()

    async def test_a_logout_on_the_phone_is_told_to_who_was_away(self, whatsapp: Counterpart, scene: Scene) -> None:
        """A device that was removed while it was not connected: `connect` raises LoggedOutError."""
        await whatsapp.log_out()
        with pytest.raises(LoggedOutError):
            await scene.connect()

    async def test_disconnecting_twice_is_as_once(self, whatsapp: Counterpart, scene: Scene) -> None:
        """`disconnect` is idempotent and raises nothing, whatever has ended the connection before."""
        connection = await scene.connect()
        for _ in range(2):
            await soon(connection.disconnect())
        cut = await scene.connect()
        await whatsapp.cut()
        for _ in range(2):
            await soon(cut.disconnect())

    async def test_what_comes_after_disconnecting_is_kept(self, whatsapp: Counterpart, scene: Scene) -> None:
        """After `disconnect` WhatsApp keeps what comes, for the next connection."""
        connection = await scene.connect()
        await soon(connection.disconnect())
        await whatsapp.arrive("kept")
        await becomes(whatsapp.unacknowledged, ["kept"])
        assert await received(await scene.connect(), "kept")
