"""One session between a backend and Kafka, with a backend that knows nothing of the simulated one."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from tests.processes import eventually
from tests.unit.waypost_connector.kept_in_memory import addresses_in_memory

from waypost_common.identifiers import EpochMs, EventId, Jid, OrganizationId, SessionId
from waypost_common.live_commands import LiveCommand
from waypost_connector.backend import (
    BackendError,
    CallResult,
    ConnectionLostError,
    Delivery,
    Device,
    Identity,
    LoggedOutError,
    Paired,
    PairingCode,
    ReplacedError,
)
from waypost_connector.live.sessions import CallableSessions
from waypost_connector.metrics import ConnectorMetrics, SessionPhase
from waypost_connector.publisher import Publisher
from waypost_connector.session_runner import SessionRunner
from waypost_connector.wishes import Wish

DEVICE = Device(SessionId("s1"), OrganizationId("org_a"), SecretStr("key"), label="Desk", fence=7)
UNPAIRED = replace(DEVICE, paired=False)
ME = Identity(phone_number="9991", jid=Jid("9991@s.whatsapp.net"), lid=Jid("1@lid"))


def message(sequence: int, **fields: Any) -> Delivery:
    payload = {
        "waMessageId": f"M{sequence}",
        "chatJid": "9992:3@s.whatsapp.net",
        "fromMe": False,
        "type": "text",
        "hasMedia": False,
        "timestamp": 1_000,
    }
    return Delivery(EventId(f"evt_01J9ZX8K2QHV0M3T6R7P4N5{sequence:03d}"), sequence, "message", payload | fields)


@dataclass
class TinyConnection:
    deliveries: Sequence[Delivery]
    ending: BackendError | None
    identity: Identity = ME
    acknowledged: list[int] = field(default_factory=list)
    disconnected: bool = False

    async def events(self) -> AsyncIterator[Delivery]:
        for delivery in self.deliveries:
            yield delivery
        if self.ending:
            await until(lambda: len(self.acknowledged) == len(self.deliveries))
            raise self.ending
        await asyncio.Event().wait()

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self.acknowledged += [delivery.sequence for delivery in deliveries]

    async def call(self, command: LiveCommand) -> CallResult:
        return CallResult(result={"command": command.id})

    async def disconnect(self) -> None:
        self.disconnected = True


class TinyBackend:
    """Gives one prepared connection after the other, or raises what stands in its place; the last one again and again."""

    name = "tiny"
    operations = ("message.send",)

    def __init__(self, *connections: TinyConnection | BackendError) -> None:
        self.connections = list(connections)
        self.attempts = 0
        self.scanned = asyncio.Event()
        self.types = True
        self.lost_pairings = 0
        self.pairings: list[str | None] = []
        self.unlinked = 0

    async def pair(self, device: Device, phone: str | None) -> AsyncGenerator[PairingCode | Paired, None]:
        assert device == UNPAIRED
        self.pairings.append(phone)
        if len(self.pairings) <= self.lost_pairings:
            raise ConnectionLostError("gone")
        if phone is not None and self.types:
            yield PairingCode("ABCD-1234", EpochMs(160_000), typed=True)
        yield PairingCode("2@abc", EpochMs(20_000))
        await self.scanned.wait()
        yield Paired(DEVICE, ME, platform="android")

    async def unlink(self, device: Device) -> None:
        assert device == DEVICE
        self.unlinked += 1

    async def connect(self, device: Device) -> TinyConnection:
        assert device == DEVICE
        self.attempts += 1
        connection = self.connections[min(self.attempts, len(self.connections)) - 1]
        if isinstance(connection, BackendError):
            raise connection
        return connection


class Kafka:
    def __init__(self) -> None:
        self.up = asyncio.Event()
        self.up.set()
        self.taken: list[tuple[str, str, dict[str, Any]]] = []

    async def send(self, topic: str, value: bytes, *, key: bytes, headers: list[tuple[str, bytes]]) -> asyncio.Future[object]:
        await self.up.wait()
        self.taken.append((topic, key.decode(), orjson.loads(value)))
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        done.set_result(headers)
        return done

    def statuses(self) -> list[str]:
        return [event["payload"]["status"] for _, _, event in self.taken if event["event"] == "session.status"]

    def told(self) -> list[tuple[str, str | None]]:
        """What was told of the session itself: status and desired state, or the event with its code."""
        payloads = [(event["event"], event["payload"]) for _, _, event in self.taken]
        return [
            (payload["status"], payload.get("desired")) if name == "session.status" else (name, payload.get("code"))
            for name, payload in payloads
            if name in ("session.status", "auth.qr", "auth.code")
        ]

    def messages(self) -> list[str]:
        return [
            event["payload"]["waMessageId"]
            for topic, _, event in self.taken
            if topic == "p.wa.events" and event["event"] == "message"
        ]


RUNNING = Wish(DEVICE, running=True)


@asynccontextmanager
async def serving(
    backend: TinyBackend, kafka: Kafka, metrics: ConnectorMetrics | None = None, *, wish: Wish = RUNNING
) -> AsyncIterator[SessionRunner]:
    metrics = metrics or ConnectorMetrics()
    publisher = Publisher(kafka, metrics, capacity=10)
    runner = SessionRunner(
        wish.device,
        backend,
        publisher,
        metrics,
        addresses_in_memory(),
        sessions=CallableSessions(),
        gateway_id="c1",
        disconnected_seconds=0.05,
        topic_prefix="p.",
    )
    runner.want(wish)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        publishing = tasks.create_task(publisher.run())
        running = tasks.create_task(runner.run())
        yield runner
        runner.stop()
        await running
        publishing.cancel()


async def until(condition: Any) -> None:
    await eventually(condition, "what has no event of its own", every=0.005)


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
    async with serving(TinyBackend(connection), kafka):
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


def figure(metrics: ConnectorMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"waypost_connector_{name}", labels)


async def rests(metrics: ConnectorMetrics, phase: SessionPhase) -> None:
    """Until the session does nothing any more but wait to be stopped."""
    await until(lambda: figure(metrics, "sessions", phase=phase.value) == 1)


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
