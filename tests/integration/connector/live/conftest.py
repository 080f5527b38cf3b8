"""Live commands through a running system: network, connector, ingest and store as processes, on real servers.

One system for each module; each test has two sessions of it for itself.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
import pytest_asyncio
from pydantic import SecretStr
from tests.mongo_driver import DRIVER
from tests.plugins.pipeline import PARTITIONS, Pipeline, migrated
from tests.processes import Process, eventually

from waypost_common.clock import now_ms
from waypost_common.commands import encode_command
from waypost_common.identifiers import Jid, new_command_id
from waypost_common.jids import ChatType
from waypost_common.kafka import create_admin
from waypost_common.live_commands import LIVE_COMMAND_ADAPTER, LiveCommand
from waypost_common.settings import KafkaSettings, MongoSettings
from waypost_common.topics import COMMANDS_DLQ, COMMANDS_STORE, OUTCOMES, live_commands, topic_names
from waypost_connector.simulated.cast import Cast
from waypost_connector.simulated.protocol import open_frames
from waypost_connector.simulated.record import read_record
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION, casts
from waypost_local.ports import free_port
from waypost_store.settings import StoreSettings

SECRET = "of network and connector"
CHATS = 12
SESSIONS = 24
"""Two for each test of a module."""


@dataclass(frozen=True)
class System:
    pipeline: Pipeline
    connector: Process
    network: Process
    folder: Path
    free: Iterator[Cast]
    """Sessions that no test had yet."""


class Live:
    """What a user's program sees of the system, and what the network saw of it."""

    def __init__(self, system: System) -> None:
        self.pipeline = system.pipeline
        self.connector = system.connector
        self.network = system.network
        self.cast, self.other = next(system.free), next(system.free)
        self.folder = system.folder

    def chat(self, kind: ChatType = ChatType.DM, cast: Cast | None = None) -> Jid:
        return next(chat.jid for chat in (cast or self.cast).chats if chat.type is kind)

    async def ask(self, name: str, payload: dict[str, Any], *, seconds: float = 30.0, **envelope: Any) -> LiveCommand:
        """Publishes a command as a user's program would."""
        command = self._command(name, payload, seconds) | envelope
        return await self.repeat(LIVE_COMMAND_ADAPTER.validate_json(orjson.dumps(command)))

    async def tell_store(self, name: str, payload: dict[str, Any] | None = None, **envelope: Any) -> None:
        """Publishes a command for the store, which makes an event of it."""
        command = self._command(name, payload or {}, 30.0) | envelope
        await self.pipeline.publish_raw(orjson.dumps(command), command["session"], COMMANDS_STORE)

    def _command(self, name: str, payload: dict[str, Any], seconds: float) -> dict[str, Any]:
        now = now_ms()
        return {
            "schema": "v1",
            "id": new_command_id(),
            "command": name,
            "session": self.cast.session,
            "organization": DEFAULT_ORGANIZATION,
            "actor": {"kind": "program", "id": "test"},
            "issuedAt": now,
            "deadline": now + int(seconds * 1_000),
            "payload": payload,
        }

    async def repeat(self, command: LiveCommand) -> LiveCommand:
        topic = live_commands("simulated")
        await self.pipeline.publish_raw(encode_command(command), command.session, topic)
        return command

    async def send(self, text: str = "Hello", *, to: Jid | None = None, **options: Any) -> LiveCommand:
        return await self.ask("message.send", {"to": to or self.chat(), "type": "text", "text": text}, **options)

    async def outcomes(self, command: LiveCommand) -> list[dict[str, Any]]:
        values = [orjson.loads(record.value) for record in await self.pipeline.read_all(OUTCOMES)]
        return [value for value in values if value["command"] == command.id]

    async def outcome(self, command: LiveCommand) -> dict[str, Any]:
        """Its first outcome, once there is one."""
        found: list[dict[str, Any]] = []

        async def there() -> bool:
            found[:] = await self.outcomes(command)
            return bool(found)

        await eventually(there, lambda: f"an outcome of {command.command}\n{self.connector.log[-3_000:]}", every=0.2)
        return found[0]

    async def dead_letters(self) -> list[Any]:
        return await self.pipeline.read_all(COMMANDS_DLQ)

    async def until_session(self, session: str, what: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The session's document, once the condition holds of it."""
        found: dict[str, Any] = {}

        async def holds() -> bool:
            found.update(await self.pipeline.database["sessions"].find_one({"_id": session}) or {})
            return bool(found) and condition(found)

        await eventually(holds, lambda: f"{what}, found {found}\n{self.connector.log[-3_000:]}")
        return found

    async def until_status(self, session: str, status: str) -> dict[str, Any]:
        return await self.until_session(session, status, lambda found: bool(found["status"] == status))

    async def events_of(self, session: str) -> list[dict[str, Any]]:
        """Those of the session itself, in log order."""
        return [orjson.loads(record.value) for record in await self.pipeline.read_all() if record.key == session.encode()]

    def recorded(self, what: str, session: str) -> list[dict[str, Any]]:
        """The network's own record of the session."""
        lines = read_record(self.folder / "network")
        return [line for line in lines if line["what"] == what and line["session"] == session]

    async def text_of_somebody_else(self, **where: Any) -> dict[str, Any]:
        """One that has come to the session, once there is one."""
        found: list[dict[str, Any]] = []
        query = {"session": self.cast.session, "fromMe": False, "type": "text", **where}

        async def there() -> bool:
            found.extend([message async for message in self.pipeline.database["messages"].find(query).limit(1)])
            return bool(found)

        await eventually(there, f"a message that is {where}")
        return found[0]

    async def message(self, own_id: str) -> dict[str, Any] | None:
        return await self.pipeline.database["messages"].find_one({"session": self.cast.session, "messageId": own_id})

    def calls(self, command: LiveCommand) -> list[dict[str, Any]]:
        """The network's own record of it."""
        lines = read_record(self.folder / "network")
        return [line for line in lines if line["what"] == "called" and line["command"] == command.id]

    async def until_called(self, command: LiveCommand) -> None:
        await eventually(lambda: bool(self.calls(command)), f"the network called\n{self.connector.log[-3_000:]}")

    async def fault(self, kind: str | None, **options: Any) -> None:
        """Tells the network what to do wrong, or with None to do all right again."""
        frames = await open_frames("127.0.0.1", int(self.network.environment["WAYPOST_NETWORK_PORT"]))
        await frames.write({"type": "faults", "secret": SECRET, **({} if kind is None else {"kind": kind}), **options})
        assert await frames.read() == {"type": "faults"}
        frames.close()

    def kill_connector(self) -> None:
        self.connector.end(signal.SIGKILL)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(kafka_server: str, mongod_server: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """All parts running."""
    async with running_system(kafka_server, mongod_server, tmp_path_factory.mktemp("live"), "--rate", "1") as system:
        system.connector.start()
        await system.connector.until_ready()
        yield system


@asynccontextmanager
async def running_system(
    kafka: str, mongo_url: str, folder: Path, *world: str, sessions: int = SESSIONS, **environment: str
) -> AsyncIterator[System]:
    """All but the connector started. `world`: more options of the network; `environment`: of the connector."""
    name = uuid4().hex[:10]
    settings = StoreSettings(
        kafka=KafkaSettings(bootstrap_servers=kafka, topic_prefix=f"t{name}.", partitions=PARTITIONS),
        mongo=MongoSettings(url=SecretStr(mongo_url), database=f"test_{name}", driver=DRIVER),
    )
    address = {"WAYPOST_NETWORK_PORT": str(free_port()), "WAYPOST_NETWORK_SECRET": SECRET}
    size = ("--sessions", str(sessions), "--chats", str(CHATS), "--history", "20", "--scan-seconds", "1.5")
    quick = {"WAYPOST_CONNECTOR_REFRESH_SECONDS": "0.2", "WAYPOST_KAFKA_SESSION_TIMEOUT_MS": "6000"} | environment
    async with migrated(settings, folder) as pipeline, removed(pipeline):
        network, _, _ = await asyncio.gather(
            pipeline.start("waypost-simulated-network", "--data", str(folder / "network"), *size, *world, **address),
            pipeline.start("waypost-ingest"),
            pipeline.start("waypost-store"),
        )
        connector = pipeline.process("waypost-connector", "run", **address, **quick)
        yield System(pipeline, connector, network, folder, iter(casts(seed=1, sessions=sessions, chats=CHATS)))


@asynccontextmanager
async def removed(pipeline: Pipeline) -> AsyncIterator[None]:
    """Topics and database, afterwards."""
    try:
        yield
    finally:
        for process in pipeline.processes:
            process.end(signal.SIGKILL)
        await pipeline.database.client.drop_database(pipeline.database.name)
        admin = create_admin(pipeline.settings.kafka, client_id="test")
        await admin.start()
        try:
            await admin.delete_topics(list(topic_names(pipeline.settings.kafka)))
        finally:
            await admin.close()


@pytest_asyncio.fixture(loop_scope="module")
async def live(system: System) -> AsyncIterator[Live]:
    """Two sessions working, their first chats known, and no faults left over."""
    one = Live(system)
    for cast in (one.cast, one.other):
        await one.until_status(cast.session, "working")
    yield one
    await one.fault(None)
