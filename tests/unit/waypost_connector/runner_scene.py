"""A session runner between a tiny backend and a Kafka that takes what it is told to."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from tests.processes import eventually
from tests.unit.waypost_connector.kept_in_memory import addresses_in_memory
from tests.unit.waypost_connector.owned import Counters, MemoryFences, OneProducer

from waypost_common.identifiers import EpochMs, EventId, Jid, OrganizationId, SessionId
from waypost_common.live_commands import LiveCommand
from waypost_connector.backend import (
    Backend,
    BackendError,
    CallResult,
    ConnectionLostError,
    Delivery,
    Device,
    DeviceStore,
    Identity,
    Paired,
    PairingCode,
)
from waypost_connector.conformance import KeysInMemory
from waypost_connector.fences import Fences, Hold
from waypost_connector.live.sessions import CallableSessions
from waypost_connector.metrics import ConnectorMetrics, SessionPhase
from waypost_connector.owned_session import OwnedSession, Surroundings
from waypost_connector.publisher import Capacity, Publisher
from waypost_connector.session_records import SessionRecords
from waypost_connector.session_runner import SessionRunner
from waypost_connector.wishes import Wish

DEVICE = Device(SessionId("s1"), OrganizationId("org_a"), label="Desk")
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
    before_ending: Callable[[], object] = lambda: None

    async def events(self) -> AsyncIterator[Delivery]:
        for delivery in self.deliveries:
            yield delivery
        if self.ending:
            await until(lambda: len(self.acknowledged) == len(self.deliveries))
            self.before_ending()
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

    async def pair(self, device: Device, store: DeviceStore, phone: str | None) -> AsyncGenerator[PairingCode | Paired, None]:
        assert device == UNPAIRED
        self.pairings.append(phone)
        if len(self.pairings) <= self.lost_pairings:
            raise ConnectionLostError("gone")
        if phone is not None and self.types:
            yield PairingCode("ABCD-1234", EpochMs(160_000), typed=True)
        yield PairingCode("2@abc", EpochMs(20_000))
        await self.scanned.wait()
        yield Paired(ME, platform="android")

    async def unlink(self, device: Device, store: DeviceStore) -> None:
        assert device == DEVICE
        self.unlinked += 1

    async def devices(self) -> Sequence[Device]:
        return ()

    async def connect(self, device: Device, store: DeviceStore) -> TinyConnection:
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


@dataclass(frozen=True)
class Around:
    surroundings: Surroundings

    @property
    def publisher(self) -> Publisher:
        return self.surroundings.publisher

    def records(self, hold: Hold) -> SessionRecords:
        return OwnedSession(DEVICE, self.surroundings, hold).records


@asynccontextmanager
async def surroundings_for(
    backend: Backend, kafka: Kafka, metrics: ConnectorMetrics | None = None, *, counters: Counters | None = None
) -> AsyncIterator[Around]:
    """What runs beside the sessions of a connector."""
    metrics = metrics or ConnectorMetrics()
    publisher = Publisher(OneProducer(kafka), metrics, capacity=Capacity(10))
    fences = Fences(MemoryFences("c1", counters or Counters()))
    surroundings = Surroundings(
        backend=backend,
        publisher=publisher,
        metrics=metrics,
        sessions=CallableSessions(),
        fences=fences,
        stores=lambda hold, _organization: KeysInMemory(hold.fence),
        addresses=lambda _session, _organization: addresses_in_memory(),
        logins=asyncio.Semaphore(2),
        gateway_id="c1",
        disconnected_seconds=0.05,
        topic_prefix="p.",
    )
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        publishing = tasks.create_task(publisher.run())
        looking = tasks.create_task(fences.run())
        yield Around(surroundings)
        publishing.cancel()
        looking.cancel()


@asynccontextmanager
async def serving(
    backend: Backend,
    kafka: Kafka,
    metrics: ConnectorMetrics | None = None,
    *,
    wish: Wish = RUNNING,
    counters: Counters | None = None,
) -> AsyncIterator[SessionRunner]:
    async with surroundings_for(backend, kafka, metrics, counters=counters) as around, asyncio.TaskGroup() as tasks:
        runner = SessionRunner(wish.device, around.surroundings)
        runner.want(wish)
        running = tasks.create_task(runner.run())
        yield runner
        runner.stop()
        await asyncio.wait([running])


async def until(condition: Any) -> None:
    await eventually(condition, "what has no event of its own", every=0.005)


def figure(metrics: ConnectorMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"waypost_connector_{name}", labels)


async def rests(metrics: ConnectorMetrics, phase: SessionPhase) -> None:
    """Until the session does nothing any more but wait to be stopped."""
    await until(lambda: figure(metrics, "sessions", phase=phase.value) == 1)
