# ruff: noqa: S101
"""Calls: what they leave, what goes wrong with them, and that they do not stand in each other's way."""

import asyncio

import pytest

from waypost_common.clock import now_ms
from waypost_common.errors import ErrorCode
from waypost_common.identifiers import new_event_id
from waypost_connector.backend import (
    CallLimitedError,
    CallNotMadeError,
    CallRefusedError,
    CallUnsupportedError,
    ConnectionLostError,
)
from waypost_connector.conformance.counterpart import CallFault, Counterpart
from waypost_connector.conformance.scene import Scene, Scenes, becomes, ending, received, soon
from waypost_connector.envelopes import Envelope, read_event


class Calls(Scenes):
    async def test_a_call_returns_once_whatsapp_has_done_it(self, whatsapp: Counterpart, scene: Scene) -> None:
        """A call returns once WhatsApp has confirmed it; message.send says which id and which time the message has."""
        connection = await scene.connect()
        done = await soon(connection.call(scene.message("hello")))
        assert await whatsapp.sent() == 1
        assert done.result is not None
        assert isinstance(done.result["waMessageId"], str)
        assert abs(done.result["timestamp"] - now_ms()) < 60_000

    async def test_its_events_say_what_it_brought_about(self, whatsapp: Counterpart, scene: Scene) -> None:
        """The events of a call are those of the catalogue; of a message that was sent, its message.from_me in its chat."""
        connection = await scene.connect()
        done = await soon(connection.call(scene.message("hello")))
        for made in done.events:
            read_event(
                Envelope(
                    event_id=new_event_id(),
                    event=made.event,
                    session=scene.device.session,
                    organization=scene.device.organization,
                    timestamp=now_ms(),
                ).around(made.payload)
            )
        [payload] = [made.payload for made in done.events if made.event == "message.from_me"]
        assert done.result is not None
        assert payload["waMessageId"] == done.result["waMessageId"]
        assert (payload["chatJid"], payload["body"]) == (whatsapp.chat, "hello")

    async def test_its_events_are_not_delivered_again(self, whatsapp: Counterpart, scene: Scene) -> None:
        """What a call's result tells is not delivered as well, on this connection or on the next."""
        connection = await scene.connect()
        done = await soon(connection.call(scene.message("hello")))
        await whatsapp.arrive("later")
        deliveries = await received(connection, "later")
        deliveries += await received(await scene.reconnect(connection), "later")
        assert done.result is not None
        own = done.result["waMessageId"]
        assert [one.event for one in deliveries if one.payload.get("waMessageId") == own] == []

    async def test_calls_overlap(self, whatsapp: Counterpart, scene: Scene) -> None:
        """Several tasks may call at once: a call that WhatsApp leaves unanswered holds up no other."""
        connection = await scene.connect()
        await whatsapp.strike(CallFault.UNANSWERED)
        async with asyncio.TaskGroup() as tasks:
            unanswered = tasks.create_task(connection.call(scene.message("first")), name="unanswered call")
            await becomes(whatsapp.sent, 1)
            await soon(connection.call(scene.message("second")))
            assert not unanswered.done()
            unanswered.cancel()
        assert await whatsapp.sent() == 2

    async def test_cancelling_a_call_leaves_the_connection_usable(self, whatsapp: Counterpart, scene: Scene) -> None:
        """A caller that gives up a call can go on with the connection, for calls and for events."""
        connection = await scene.connect()
        await whatsapp.strike(CallFault.UNANSWERED)
        async with asyncio.TaskGroup() as tasks:
            given_up = tasks.create_task(connection.call(scene.message("given up")), name="call that is given up")
            await becomes(whatsapp.sent, 1)
            given_up.cancel()
        await soon(connection.call(scene.message("next")))
        await whatsapp.arrive("still here")
        assert await received(connection, "still here")

    async def test_calls_do_not_wait_behind_events(self, whatsapp: Counterpart, scene: Scene) -> None:
        """A call is answered also while events wait that nobody takes."""
        connection = await scene.connect()
        await whatsapp.arrive(*(f"message {number}" for number in range(50)))
        await soon(connection.call(scene.message("meanwhile")))
        assert len(await received(connection, "message 49")) >= 50

    async def test_a_refusal_is_told_with_its_reason(self, whatsapp: Counterpart, scene: Scene) -> None:
        """What WhatsApp refuses raises CallRefusedError with a code and a text; it was not done, and the connection goes on."""
        connection = await scene.connect()
        await whatsapp.strike(CallFault.REFUSED)
        with pytest.raises(CallRefusedError) as refused:
            await soon(connection.call(scene.message("refused")))
        assert isinstance(refused.value.code, ErrorCode)
        assert str(refused.value)
        assert await whatsapp.sent() == 0
        await soon(connection.call(scene.message("next")))

    async def test_a_limit_is_told_with_its_time(self, whatsapp: Counterpart, scene: Scene) -> None:
        """What WhatsApp limits raises CallLimitedError, which says after how many seconds to try again; it was not done."""
        connection = await scene.connect()
        await whatsapp.strike(CallFault.LIMITED)
        with pytest.raises(CallLimitedError) as limited:
            await soon(connection.call(scene.message("too much")))
        assert 0 < limited.value.retry_after_s < 86_400
        assert await whatsapp.sent() == 0
        await soon(connection.call(scene.message("next")))

    async def test_what_the_backend_cannot_do_is_told(self, whatsapp: Counterpart, scene: Scene) -> None:
        """What the backend cannot do raises CallUnsupportedError; so do calls about the session itself, as session.restart."""
        connection = await scene.connect()
        with pytest.raises(CallUnsupportedError):
            await soon(connection.call(scene.command("session.restart")))
        await soon(connection.call(scene.message("next")))
        assert await whatsapp.sent() == 1

    async def test_a_call_whose_answer_is_lost_may_have_been_done(self, whatsapp: Counterpart, scene: Scene) -> None:
        """Where the connection breaks before the answer, the call raises ConnectionLostError and never CallNotMadeError."""
        connection = await scene.connect()
        await whatsapp.strike(CallFault.CUT)
        with pytest.raises(ConnectionLostError) as lost:
            await soon(connection.call(scene.message("lost")))
        assert not isinstance(lost.value, CallNotMadeError)
        assert await whatsapp.sent() == 1
        await ending(connection, ConnectionLostError)

    async def test_a_call_after_the_end_is_not_made(self, whatsapp: Counterpart, scene: Scene) -> None:
        """On a connection that has ended, a call raises CallNotMadeError: WhatsApp sees nothing of it."""
        connection = await scene.connect()
        await whatsapp.cut()
        await ending(connection, ConnectionLostError)
        with pytest.raises(CallNotMadeError):
            await soon(connection.call(scene.message("too late")))
        again = await scene.reconnect(connection)
        with pytest.raises(CallNotMadeError):
            await soon(connection.call(scene.message("too late again")))
        await soon(again.call(scene.message("in time")))
        assert await whatsapp.sent() == 1
