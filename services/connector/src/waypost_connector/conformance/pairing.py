# ruff: noqa: S101
"""Pairing: codes, and what holds once the phone has accepted one."""

import asyncio
import contextlib

import pytest

from waypost_common.clock import now_ms
from waypost_connector.backend import ConnectionLostError, LoggedOutError, OvertakenError, Paired, PairingCode
from waypost_connector.conformance.counterpart import Counterpart
from waypost_connector.conformance.scene import SOON_SECONDS, Scene, Scenes, becomes, ending, soon

PHONE = "628123456789"


class PairsDevices(Scenes):
    async def test_a_code_to_scan_is_shown_before_anything_is_linked(self, new: Scene) -> None:
        """A code is shown at once, is valid for a while, and links nothing by itself."""
        async with contextlib.aclosing(new.backend.pair(new.whatsapp.device, new.store, None)) as steps:
            code = await soon(anext(steps))
        assert isinstance(code, PairingCode)
        assert code.code
        assert not code.typed
        assert code.expires_at > now_ms()
        assert not await new.whatsapp.linked()

    async def test_with_a_phone_number_there_is_a_code_to_type_too(self, new: Scene) -> None:
        """With `phone` there is a code to type beside the one to scan."""
        kinds: set[bool] = set()
        async with (
            asyncio.timeout(SOON_SECONDS),
            contextlib.aclosing(new.backend.pair(new.whatsapp.device, new.store, PHONE)) as steps,
        ):
            async for step in steps:
                assert isinstance(step, PairingCode)
                kinds.add(step.typed)
                if len(kinds) == 2:
                    break
        assert kinds == {True, False}

    async def test_that_the_phone_has_accepted_is_told_last(self, new: Scene) -> None:
        """`Paired` is the last that a pairing tells, and nothing comes after it."""
        steps: list[PairingCode | Paired] = []
        async with asyncio.timeout(SOON_SECONDS):
            async for step in new.backend.pair(new.whatsapp.device, new.store, None):
                steps.append(step)
                if isinstance(step, PairingCode):
                    await new.whatsapp.accept()
        assert [type(step) for step in steps[-1:]] == [Paired]
        assert all(isinstance(step, PairingCode) and not step.typed for step in steps[:-1])
        assert await new.whatsapp.linked()

    async def test_the_keys_are_saved_before_the_pairing_is_told(self, new: Scene) -> None:
        """Whoever hears `Paired` can connect: the keys are in the device store by then."""
        saved: list[bool] = []
        async with asyncio.timeout(SOON_SECONDS):
            async for step in new.backend.pair(new.whatsapp.device, new.store, None):
                saved.append(new.store.keys is not None)
                if isinstance(step, PairingCode):
                    await new.whatsapp.accept()
        assert saved[-1]

    async def test_the_pairing_says_who_the_session_is(self, scene: Scene) -> None:
        """The identity that a pairing tells is the one that a connection has."""
        await soon(scene.backend.unlink(scene.device, scene.store))
        paired = await scene.pair()
        connection = await scene.connect()
        assert paired.identity == connection.identity
        assert connection.identity.jid or connection.identity.phone_number

    async def test_leaving_off_ends_a_pairing(self, new: Scene) -> None:
        """Leaving off ends a pairing: its codes are void, and nothing is linked by them."""
        async with contextlib.aclosing(new.backend.pair(new.whatsapp.device, new.store, None)) as steps:
            assert isinstance(await soon(anext(steps)), PairingCode)
        await becomes(new.whatsapp.shows_codes, expected=False)
        await new.whatsapp.accept()
        assert not await new.whatsapp.linked()

    async def test_cancelling_a_pairing_ends_it_as_well(self, new: Scene) -> None:
        """A pairing may be cancelled while it waits for the phone; another one can begin at once."""
        async with contextlib.aclosing(new.backend.pair(new.whatsapp.device, new.store, None)) as steps:
            assert isinstance(await soon(anext(steps)), PairingCode)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await anext(steps)
        await becomes(new.whatsapp.shows_codes, expected=False)
        await new.pair()
        assert await new.whatsapp.linked()

    async def test_who_was_overtaken_begins_no_pairing(self, new: Scene) -> None:
        """`DeviceStore.check` is asked before WhatsApp is: where it raises OvertakenError, no code is shown."""
        new.store.overtaken = True
        with pytest.raises(OvertakenError):
            await soon(anext(new.backend.pair(new.whatsapp.device, new.store, None)))
        assert new.store.checks > 0

    async def test_who_is_overtaken_while_pairing_tells_of_no_success(self, new: Scene) -> None:
        """Where the keys cannot be saved, the session is not told as paired."""
        steps: list[PairingCode | Paired] = []

        async def pair() -> None:
            async for step in new.backend.pair(new.whatsapp.device, new.store, None):
                steps.append(step)
                if isinstance(step, PairingCode):
                    new.store.overtaken = True
                    await new.whatsapp.accept()

        with pytest.raises(OvertakenError):
            await soon(pair())
        assert not any(isinstance(step, Paired) for step in steps)
        assert new.store.keys is None

    async def test_a_pairing_without_whatsapp_says_so(self, whatsapp: Counterpart, new: Scene) -> None:
        """Where WhatsApp cannot be reached, a pairing raises ConnectionLostError."""
        with pytest.raises(ConnectionLostError):
            await soon(anext(whatsapp.stranded().pair(new.whatsapp.device, new.store, None)))

    async def test_a_device_can_be_paired_anew(self, scene: Scene) -> None:
        """After a logout only pairing anew helps, and it does."""
        await scene.whatsapp.log_out()
        await scene.pair()
        connection = await scene.connect()
        await scene.whatsapp.log_out()
        await ending(connection, LoggedOutError)
