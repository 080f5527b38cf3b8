"""An executor between a ledger, a Kafka and a WhatsApp that all live in memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import orjson
from tests.unit.waypost_connector.kept_in_memory import addresses_in_memory
from tests.unit.waypost_connector.owned import OneProducer, held

from waypost_common.claims import Claim, ClaimState, Decision
from waypost_common.clock import now_ms
from waypost_common.commands import CommandEnvelope
from waypost_common.consumption import Record, RetryLaterError
from waypost_common.identifiers import CommandId, EpochMs, OrganizationId, SessionId, new_command_id
from waypost_common.live_commands import LIVE_COMMAND_ADAPTER, LiveCommand
from waypost_common.mongo import Document
from waypost_common.settings import KafkaSettings
from waypost_common.trail import Trail
from waypost_connector.backend import CallEvent, CallResult, Device
from waypost_connector.live.budget import SendLimit
from waypost_connector.live.budgets import SendBudgets
from waypost_connector.live.entry import Entry
from waypost_connector.live.executor import Executor
from waypost_connector.live.intake import Accepted
from waypost_connector.live.metrics import LiveMetrics
from waypost_connector.live.output import Output
from waypost_connector.live.sessions import CallableSessions, Line
from waypost_connector.metrics import ConnectorMetrics
from waypost_connector.publisher import Capacity, Publisher
from waypost_connector.session_records import SessionRecords

SESSION = "S1"
ORGANIZATION = "org_1"
ALICE = "6281234567890@s.whatsapp.net"
CHANNEL = "120363000000000001@newsletter"
OPERATIONS = ("message.send", "message.react", "channel.create", "channel.follow")
PAYLOADS: dict[str, dict[str, Any]] = {
    "message.send": {"to": ALICE, "type": "text", "text": "Hello"},
    "message.react": {"chatJid": ALICE, "messageId": "M1", "emoji": "🎈"},
    "channel.create": {"name": "News"},
    "channel.follow": {"jid": CHANNEL},
    "message.revoke": {"chatJid": ALICE, "messageId": "M1"},
}
OFFSETS = count()


def command_json(name: str, *, seconds: float = 30.0, payload: dict[str, Any] | None = None, **envelope: Any) -> dict[str, Any]:
    now = now_ms()
    return {
        "schema": "v1",
        "id": new_command_id(),
        "command": name,
        "session": SESSION,
        "organization": ORGANIZATION,
        "actor": {"kind": "program", "id": "test"},
        "issuedAt": now,
        "deadline": now + int(seconds * 1_000),
        "payload": PAYLOADS[name] | (payload or {}),
    } | envelope


def record(value: bytes, *, key: bytes = SESSION.encode(), offset: int | None = None) -> Record:
    return Record(
        topic="wa.commands.live.simulated",
        partition=0,
        offset=next(OFFSETS) if offset is None else offset,
        timestamp=0,
        timestamp_type=0,
        key=key,
        value=value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=(("request-id", b"req_1"), ("traceparent", b"00-trace")),
    )


def accepted(name: str, **options: Any) -> Accepted:
    body = orjson.dumps(command_json(name, **options))
    return Accepted(record(body), LIVE_COMMAND_ADAPTER.validate_json(body), Trail("req_1", "00-trace"))


class FakeLedger:
    """Owns every session of the organization. `claims`: what is found instead of a pending operation."""

    def __init__(self) -> None:
        self.claims: dict[CommandId, Claim] = {}
        self.finished_operations: dict[CommandId, Document] = {}
        self.decisions: list[Decision] = []
        self.outages = 0

    async def owns(self, command: CommandEnvelope) -> bool:
        if self.outages:
            self.outages -= 1
            raise RetryLaterError("MongoDB: away")
        return command.organization == ORGANIZATION

    async def claim(self, command: CommandEnvelope, decision: Decision) -> Claim:
        self.decisions.append(decision)
        return self.claims.get(command.id, Claim(ClaimState.WON))

    async def finished(self, command: CommandEnvelope) -> Document | None:
        return self.finished_operations.get(command.id)


class FakeSentTimes:
    """A `devices` collection."""

    def __init__(self) -> None:
        self.of: dict[SessionId, list[EpochMs]] = {}

    async def read(self, session: SessionId) -> Sequence[EpochMs]:
        return tuple(self.of.get(session, ()))

    async def add(self, session: SessionId, at: EpochMs, *, keep: int) -> None:
        self.of[session] = [*self.of.get(session, ()), at][-keep:]


class FakeWhatsApp:
    """Answers each call with the next of what it was given, the last one again and again."""

    def __init__(self, *answers: CallResult | Exception) -> None:
        self._answers = list(answers) or [sent()]
        self.calls: list[LiveCommand] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def call(self, command: LiveCommand) -> CallResult:
        self.calls.append(command)
        await self.hold.wait()
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class FakeKafka:
    def __init__(self) -> None:
        self.records: list[tuple[str, str, Any, dict[str, bytes]]] = []

    async def send(self, topic: str, value: bytes, *, key: bytes, headers: Sequence[tuple[str, bytes]]) -> asyncio.Future[object]:
        self.records.append((topic, key.decode(), orjson.loads(value), dict(headers)))
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        done.set_result(object())
        return done

    def on(self, topic: str) -> list[Any]:
        return [value for name, _, value, _ in self.records if name == topic]

    def outcome(self) -> tuple[str, str | None]:
        """The status and code of the one outcome that there must be."""
        [outcome] = self.on("wa.outcomes")
        return outcome["status"], outcome["code"]


class Scene:
    def __init__(self, whatsapp: FakeWhatsApp, kafka: FakeKafka, publisher: Publisher, limits: Sequence[SendLimit]) -> None:
        metrics = ConnectorMetrics()
        self.whatsapp, self.kafka, self.ledger, self.sessions = whatsapp, kafka, FakeLedger(), CallableSessions()
        device = Device(SessionId(SESSION), OrganizationId(ORGANIZATION))
        self.hold = held(SESSION)
        records = SessionRecords(device, self.hold, metrics, addresses_in_memory(), gateway_id="c1", topic_prefix="")
        self.line = Line(whatsapp, self.hold, records.of_delivery)
        self.sent_times = FakeSentTimes()
        producer: Any = kafka
        self.executor = Executor(
            self.sessions,
            self.ledger,
            Output(KafkaSettings(), publisher, producer),
            SendBudgets(limits, self.sent_times),
            LiveMetrics(ConnectorMetrics()),
            operations=OPERATIONS,
        )

    async def execute(self, item: Accepted) -> None:
        await self.execute_entry(Entry(item))

    async def execute_entry(self, entry: Entry) -> None:
        await self.executor.execute(entry)


@asynccontextmanager
async def scene(
    *answers: CallResult | Exception, connected: bool = True, limits: Sequence[SendLimit] = (SendLimit(20, 60.0),)
) -> AsyncIterator[Scene]:
    kafka = FakeKafka()
    publisher = Publisher(OneProducer(kafka), ConnectorMetrics(), capacity=Capacity(100))
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        publishing = tasks.create_task(publisher.run())
        one = Scene(FakeWhatsApp(*answers), kafka, publisher, limits)
        if connected:
            one.sessions.connect(SessionId(SESSION), one.line)
        yield one
        publishing.cancel()


def sent(own_id: str = "3EB0A") -> CallResult:
    payload = {
        "waMessageId": own_id,
        "chatJid": ALICE,
        "fromMe": True,
        "type": "text",
        "hasMedia": False,
        "timestamp": 1_719_662_400_000,
        "body": "Hello",
    }
    return CallResult([CallEvent("message.from_me", payload)], {"waMessageId": own_id, "timestamp": 1_719_662_400_000})
