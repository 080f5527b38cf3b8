# ruff: noqa: S101
"""Events: their order, that none is lost, and that WhatsApp forgets none before it is acknowledged."""

import asyncio
import contextlib

import orjson
import pytest

from waypost_common.clock import now_ms
from waypost_connector.backend import ConnectionLostError
from waypost_connector.conformance.counterpart import Counterpart
from waypost_connector.conformance.scene import Scene, Scenes, becomes, ending, messages, received, soon, texts_of
from waypost_connector.envelopes import Envelope, read_event

FIVE = ["one", "two", "three", "four", "five"]


class Arrivals(Scenes):
    async def test_events_come_in_whatsapps_order(self, whatsapp: Counterpart, scene: Scene) -> None:
        """Deliveries come in WhatsApp's order, and `sequence` rises."""
        connection = await scene.connect()
        await whatsapp.arrive(*FIVE)
        deliveries = await received(connection, "five")
        assert texts_of(deliveries) == FIVE
        sequences = [delivery.sequence for delivery in deliveries]
        assert sequences == sorted(set(sequences))

    async def test_what_came_while_nobody_was_connected_comes_first(self, whatsapp: Counterpart, scene: Scene) -> None:
        """What arrived before the login comes before what arrives after it."""
        await whatsapp.arrive("one", "two")
        connection = await scene.connect()
        await whatsapp.arrive("three")
        assert texts_of(await received(connection, "three")) == FIVE[:3]

    async def test_every_delivery_is_an_event_of_the_catalogue(self, whatsapp: Counterpart, scene: Scene) -> None:
        """`event` and `payload` are as events.md has them, the payload of plain JSON values, the event ids all different."""
        connection = await scene.connect()
        await whatsapp.arrive(*FIVE)
        deliveries = await received(connection, "five")
        for delivery in deliveries:
            orjson.dumps(delivery.payload)
            read_event(
                Envelope(
                    event_id=delivery.event_id,
                    event=delivery.event,
                    session=scene.device.session,
                    organization=scene.device.organization,
                    timestamp=now_ms(),
                ).around(delivery.payload)
            )
        assert len({delivery.event_id for delivery in deliveries}) == len(deliveries)

    async def test_what_was_read_and_not_acknowledged_comes_again(self, whatsapp: Counterpart, scene: Scene) -> None:
        """A backend acknowledges nothing by itself: what was not acknowledged comes again, with the same event id and payload."""
        await whatsapp.arrive(*FIVE)
        connection = await scene.connect()
        first = await received(connection, "five")
        assert await whatsapp.unacknowledged() == FIVE
        again = await received(await scene.reconnect(connection), "five")
        assert [(one.event_id, one.payload) for one in messages(again)] == [
            (one.event_id, one.payload) for one in messages(first)
        ]

    async def test_it_comes_again_after_a_break_too(self, whatsapp: Counterpart, scene: Scene) -> None:
        """A connection that breaks loses nothing that was not acknowledged."""
        await whatsapp.arrive(*FIVE)
        connection = await scene.connect()
        first = await received(connection, "five")
        await whatsapp.cut()
        again = await received(await scene.reconnect(connection), "five")
        assert [one.event_id for one in messages(again)] == [one.event_id for one in messages(first)]

    async def test_what_was_acknowledged_does_not_come_again(self, whatsapp: Counterpart, scene: Scene) -> None:
        """What was acknowledged is done: the next connection begins with what follows."""
        await whatsapp.arrive(*FIVE)
        connection = await scene.connect()
        await soon(connection.acknowledge(await received(connection, "two")))
        await becomes(whatsapp.unacknowledged, FIVE[2:])
        again = await scene.reconnect(connection)
        assert texts_of(await received(again, "five")) == FIVE[2:]

    async def test_acknowledging_twice_is_as_once(self, whatsapp: Counterpart, scene: Scene) -> None:
        """`acknowledge` is idempotent, takes none and many, and the connection goes on."""
        await whatsapp.arrive(*FIVE)
        connection = await scene.connect()
        deliveries = await received(connection, "three")
        await soon(connection.acknowledge([]))
        for delivery in deliveries:
            await soon(connection.acknowledge([delivery]))
        await soon(connection.acknowledge(deliveries))
        await becomes(whatsapp.unacknowledged, FIVE[3:])
        assert texts_of(await received(connection, "five")) == FIVE[3:]

    async def test_events_and_acknowledgements_do_not_wait_for_each_other(self, whatsapp: Counterpart, scene: Scene) -> None:
        """One task may wait for events while another acknowledges."""
        await whatsapp.arrive("one")
        connection = await scene.connect()
        first = await received(connection, "one")
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(received(connection, "two"), name="wait for events")
            await asyncio.sleep(0)
            await soon(connection.acknowledge(first))
            await becomes(whatsapp.unacknowledged, [])
            await whatsapp.arrive("two")
        assert texts_of(waiting.result()) == ["two"]

    async def test_acknowledging_on_a_broken_connection_says_so(self, whatsapp: Counterpart, scene: Scene) -> None:
        """On a connection that has ended, `acknowledge` raises ConnectionLostError: the deliveries come again."""
        await whatsapp.arrive("one")
        connection = await scene.connect()
        deliveries = await received(connection, "one")
        await whatsapp.cut()
        await ending(connection, ConnectionLostError)
        with pytest.raises(ConnectionLostError):
            await soon(connection.acknowledge(deliveries))
        assert await whatsapp.unacknowledged() == ["one"]

    async def test_cancelling_the_wait_loses_nothing(self, whatsapp: Counterpart, scene: Scene) -> None:
        """Cancelling the wait for events loses none: whoever asks again gets what came since."""
        connection = await scene.connect()
        for text in FIVE:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await anext(aiter(connection.events()))
            await whatsapp.arrive(text)
            assert texts_of(await received(connection, text)) == [text]

    async def test_nothing_is_lost_by_cancelling_while_events_come(self, whatsapp: Counterpart, scene: Scene) -> None:
        """The same while events come: each is given once, in order, however the waits were cut short."""
        connection = await scene.connect()
        texts = [f"message {number}" for number in range(20)]
        found: list[str] = []

        async def take() -> None:
            async for delivery in connection.events():
                found.extend(texts_of([delivery]))

        async with asyncio.TaskGroup() as tasks:
            arriving = tasks.create_task(whatsapp.arrive(*texts), name="arrive")
            while not arriving.done() or len(found) < len(texts):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.005):
                        await take()
        assert found == texts
