"""One session between a backend and Kafka, with a backend that knows nothing of the simulated one."""

import pytest
from tests.unit.waypost_connector.owned import Counters
from tests.unit.waypost_connector.runner_scene import (
    DEVICE,
    Kafka,
    TinyBackend,
    TinyConnection,
    figure,
    message,
    rests,
    serving,
    until,
)

from waypost_connector.backend import ConnectionLostError, LoggedOutError, ReplacedError
from waypost_connector.metrics import ConnectorMetrics, SessionPhase


async def test_events_are_published_with_their_ids_and_acknowledged_in_order() -> None:
    kafka, connection = Kafka(), TinyConnection([message(1), message(2), message(3)], None)
    async with serving(TinyBackend(connection), kafka):
        await until(lambda: connection.acknowledged == [1, 2, 3])
    assert kafka.messages() == ["M1", "M2", "M3"]
    topic, key, event = next(taken for taken in kafka.taken if taken[2]["event"] == "message")
    assert (topic, key) == ("p.wa.events", "s1|9992@s.whatsapp.net")
    assert event["id"] == message(1).event_id
    assert event["organization"] == "org_a"
    assert event["payload"]["chatJid"] == "9992@s.whatsapp.net"
    assert connection.disconnected


async def test_the_working_status_tells_who_the_session_is_and_under_which_fence() -> None:
    kafka, connection = Kafka(), TinyConnection([message(1)], None)
    async with serving(TinyBackend(connection), kafka, counters=Counters({DEVICE.session: 6})):
        await until(lambda: kafka.statuses() == ["starting", "working"])
    payload = [event["payload"] for _, _, event in kafka.taken if event["event"] == "session.status"][-1]
    assert payload == {
        "status": "working",
        "operations": ["message.send"],
        "gatewayId": "c1",
        "label": "Desk",
        "phoneNumber": "9991",
        "waJid": "9991@s.whatsapp.net",
        "waLid": "1@lid",
        "backend": "tiny",
        "fence": 7,
    }


async def test_nothing_is_acknowledged_before_kafka_has_it() -> None:
    kafka, metrics = Kafka(), ConnectorMetrics()
    kafka.up.clear()
    held = TinyConnection([message(number) for number in range(1, 5)], None)
    async with serving(TinyBackend(held), kafka, metrics):
        await until(lambda: figure(metrics, "buffered_events") == 2 + 4)
        assert held.acknowledged == []
        kafka.up.set()
        await until(lambda: held.acknowledged == [1, 2, 3, 4])


async def test_stopping_brings_what_was_taken_to_kafka_and_acknowledges_it() -> None:
    kafka, connection = Kafka(), TinyConnection([message(number) for number in range(1, 6)], None)
    async with serving(TinyBackend(connection), kafka) as runner:
        await until(lambda: kafka.statuses() == ["starting", "working"])
        runner.stop()
    assert connection.acknowledged == list(range(1, len(kafka.messages()) + 1))


async def test_a_lost_connection_is_made_again_and_a_short_loss_changes_no_status() -> None:
    lost = TinyConnection([message(1)], ConnectionLostError("gone"))
    found = TinyConnection([message(1), message(2)], None)
    kafka, backend = Kafka(), TinyBackend(lost, found)
    async with serving(backend, kafka):
        await until(lambda: found.acknowledged == [1, 2])
    assert kafka.messages() == ["M1", "M1", "M2"]
    assert kafka.statuses() == ["starting", "working"]
    assert lost.disconnected


async def test_a_lasting_loss_is_told_as_starting_and_the_return_as_working() -> None:
    lost = TinyConnection([], ConnectionLostError("gone"))
    down = [ConnectionLostError("down")] * 4
    kafka = Kafka()
    async with serving(TinyBackend(lost, *down, TinyConnection([], None)), kafka):
        await until(lambda: kafka.statuses() == ["starting", "working", "starting", "working"])


async def test_a_replaced_session_does_not_connect_again() -> None:
    kafka, backend, metrics = Kafka(), TinyBackend(TinyConnection([message(1)], ReplacedError("replaced"))), ConnectorMetrics()
    async with serving(backend, kafka, metrics):
        await until(lambda: kafka.messages() == ["M1"])
        await rests(metrics, SessionPhase.REPLACED)
        assert backend.attempts == 1
    assert kafka.statuses() == ["starting", "working"]


@pytest.mark.parametrize("where", ["at login", "while connected"])
async def test_a_logged_out_device_is_told_and_does_not_connect_again(where: str) -> None:
    refusal = LoggedOutError("unknown device")
    kafka, metrics = Kafka(), ConnectorMetrics()
    backend = TinyBackend(refusal if where == "at login" else TinyConnection([], refusal))
    async with serving(backend, kafka, metrics):
        await rests(metrics, SessionPhase.LOGGED_OUT)
        await until(lambda: "logged_out" in kafka.statuses())
        assert backend.attempts == 1


async def test_a_delivery_that_is_no_valid_event_goes_to_the_dead_letters_and_the_others_go_on() -> None:
    kafka = Kafka()
    connection = TinyConnection([message(1), message(2, fromMe="no"), message(3, chatJid="x@y.z"), message(4)], None)
    async with serving(TinyBackend(connection), kafka):
        await until(lambda: connection.acknowledged == [1, 2, 3, 4])
    assert kafka.messages() == ["M1", "M4"]
    dead = [(key, event["payload"]["waMessageId"]) for topic, key, event in kafka.taken if topic == "p.wa.events.dlq"]
    assert dead == [("s1", "M2"), ("s1", "M3")]
