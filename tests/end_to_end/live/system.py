"""One running system for all tests of this folder: every service as a process, on real Kafka and MongoDB."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from pydantic import SecretStr
from tests.end_to_end.live.callers import Caller, Seen
from tests.end_to_end.live.examples import Stage
from tests.end_to_end.live.silence import texts_of, told_secrets
from tests.mongo_driver import DRIVER
from tests.plugins.collector import Collector, collecting
from tests.plugins.pipeline import DEVICE_KEY, PARTITIONS, Pipeline, migrated
from tests.processes import Process, eventually

from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.jids import ChatType
from waypost_common.kafka import create_admin
from waypost_common.settings import KafkaSettings, MongoSettings
from waypost_common.topics import live_commands
from waypost_connector.simulated.cast import Cast
from waypost_connector.simulated.protocol import open_frames
from waypost_connector.simulated.record import read_record
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION, casts
from waypost_local.ports import free_port
from waypost_store.keys import create_key
from waypost_store.settings import StoreSettings

SECRET: Final = "of network and connector"
EVENTS_A_SECOND: Final = 60
EVERYTHING: Final = ("read", "send", "manage", "events", "operator")
OTHERS: Final = "org_others"
HASTY: Final = {
    "WAYPOST_HTTP_BODY_TIMEOUT_S": "0.15",
    "WAYPOST_COMMANDS_DEADLINE_MS": "300",
    "WAYPOST_COMMANDS_LIVE_DEADLINE_MS": "300",
}
"""A replica that does not wait long for anything."""
TOUR: Final = Path(__file__).parents[3] / "docs/tour.ndjson"
UNABLE: Final = "tour"
"""The session that this file's events make: no connector serves it, so nothing can be done for it."""


class LiveSystem:
    """What a user, an operator and the simulated WhatsApp see of it. Each test takes a session of its own, or none."""

    stage: Stage

    def __init__(
        self,
        pipeline: Pipeline,
        collector: Collector,
        network: Process,
        connector: Process,
        store: Process,
        folder: Path,
        size: "Size",
    ) -> None:
        self.pipeline = pipeline
        self.collector = collector
        """Gets the traces of all services."""
        self.network = network
        self.connector = connector
        self.store = store
        self.casts = casts(seed=1, sessions=size.sessions, chats=size.chats)
        self._folder = folder
        self._free = iter(self.casts[1:-1])
        self.restarted: SessionId = self.casts[-1].session
        """Paired. May be restarted at any time, and is used for nothing else."""
        self.owner: Caller
        """May do everything in the simulated sessions' organization."""
        self.listener: Caller
        """Of that organization, with a capability that no operation here asks for."""
        self.manager: Caller
        self.stranger: Caller
        """May do everything in another organization."""
        self.nobody: Caller
        self.hasty: Caller
        """The owner at another replica, which waits for little."""
        self.cut_off: Caller
        """The owner at a replica that finds no MongoDB."""

    def take_session(self) -> Cast:
        """A simulated session that no other test uses."""
        return next(self._free)

    def calls(self, operation_id: str) -> list[dict[str, Any]]:
        """What WhatsApp, by its own record, was asked to do for that operation."""
        lines = read_record(self._folder / "network")
        return [line for line in lines if line["what"] == "called" and line["command"] == operation_id]

    async def another_key(self) -> Caller:
        """The owner with a key that nobody has used yet."""
        organization = OrganizationId(DEFAULT_ORGANIZATION)
        _, key = await create_key(self.pipeline.database, organization=organization, permissions=list(EVERYTHING))
        return self.owner.with_key(key)

    async def fault(self, kind: str | None, **options: Any) -> None:
        """Tells the network what to do wrong, or with None to do all right again."""
        frames = await open_frames("127.0.0.1", int(self.network.environment["WAYPOST_NETWORK_PORT"]))
        await frames.write({"type": "faults", "secret": SECRET, **({} if kind is None else {"kind": kind}), **options})
        assert await frames.read() == {"type": "faults"}
        frames.close()

    async def kill_connector(self, before_it_starts: Callable[[], Awaitable[None]] | None = None) -> None:
        """And starts it again."""
        self.connector.end(signal.SIGKILL)
        if before_it_starts is not None:
            await before_it_starts()
        self.connector.start()
        await self.connector.until_ready()

    async def until_called(self, operation_id: str) -> None:
        await eventually(lambda: bool(self.calls(operation_id)), "WhatsApp called")

    async def live_commands(self) -> int:
        """How many commands were ever published for connectors."""
        return len(await self.pipeline.read_all(live_commands("simulated")))

    async def until(self, operation: str, names: dict[str, str], condition: Any, **request: Any) -> Any:
        """What the operation answers, as soon as it is a success of which the condition holds."""
        found: list[Any] = []

        async def holds() -> bool:
            answer = await self.owner(operation, names=names, **request)
            found[:] = [answer.json()]
            return answer.is_success and bool(condition(found[0]))

        await eventually(holds, lambda: f"{operation}, last {found}\n{self.connector.log[-3_000:]}")
        return found[0]

    async def until_working(self, *sessions: str) -> None:
        for session in sessions:
            await self.until("getSession", {"session": session}, lambda found: found["status"] == "working")

    def chat(self, cast: Cast, kind: ChatType = ChatType.DM, place: int = 0) -> str:
        return [chat.jid for chat in cast.chats if chat.type is kind][place]

    async def until_chat(self, cast: Cast, kind: ChatType = ChatType.DM, place: int = 0) -> str:
        """The chat's JID, once it can be read."""
        jid = self.chat(cast, kind, place)
        await self.until("getChat", {"session": cast.session, "cid": jid}, lambda _found: True)
        return jid

    async def send(self, session: str, to: str, text: str = "Hello", **body: Any) -> dict[str, Any]:
        """The SendResult."""
        answer = await self.owner(
            "sendMessage", names={"session": session}, json={"type": "text", "to": to, "text": text, **body}
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@dataclass(frozen=True)
class Size:
    sessions: int = 12
    chats: int = 4
    """Of each session."""
    scanned_after_s: int = 3
    """How long a phone looks at a code before it accepts it."""


@asynccontextmanager
async def running(kafka: str, mongod: str, folder: Path, seen: Seen, size: Size = Size()) -> AsyncIterator[LiveSystem]:
    settings = StoreSettings(
        kafka=KafkaSettings(bootstrap_servers=kafka, topic_prefix=f"t{uuid4().hex[:10]}.", partitions=PARTITIONS),
        mongo=MongoSettings(url=SecretStr(mongod), database=f"test_{uuid4().hex[:10]}", driver=DRIVER),
    )
    async with AsyncExitStack() as stack:
        collector = stack.enter_context(collecting())
        stack.push_async_callback(_remove_topics, settings.kafka)
        pipeline = await stack.enter_async_context(migrated(settings, folder))
        stack.push_async_callback(pipeline.database.client.drop_database, pipeline.database.name)
        stack.callback(_end_all, pipeline)
        system = await _started(pipeline, collector, folder, size)
        callers = await _callers(system, seen)
        for caller in callers:
            stack.push_async_callback(caller.close)
        await _fill(system)
        yield system
        written = {text for record in await pipeline.read_all() for text in texts_of(json.loads(record.value))}
        keys = {caller.key for caller in callers if caller.key}
        assert await told_secrets(pipeline.processes, collector, {*written, *keys, SECRET, DEVICE_KEY}) == []


async def _started(pipeline: Pipeline, collector: Collector, folder: Path, size: Size) -> LiveSystem:
    pipeline.more_environment = {
        "WAYPOST_TRACING_ENDPOINT": collector.endpoint,
        "WAYPOST_TRACING_RATIO": "1",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    address = {"WAYPOST_NETWORK_PORT": str(free_port()), "WAYPOST_NETWORK_SECRET": SECRET}
    world = ("--sessions", str(size.sessions), "--chats", str(size.chats), "--history", "20", "--rate", str(EVENTS_A_SECOND))
    phones = ("--scan-seconds", str(size.scanned_after_s))
    quick = {"WAYPOST_CONNECTOR_REFRESH_SECONDS": "0.2", "WAYPOST_KAFKA_SESSION_TIMEOUT_MS": "6000"}
    network, store, _ = await asyncio.gather(
        pipeline.start("waypost-simulated-network", "--data", str(folder / "network"), *world, *phones, **address),
        pipeline.start("waypost-store", WAYPOST_STORE_PURGE_INTERVAL_S="0.5", WAYPOST_STORE_PURGE_AFTER_S="0"),
        pipeline.start("waypost-ingest"),
    )
    connector = await pipeline.start("waypost-connector", "run", **address, **quick)
    return LiveSystem(pipeline, collector, network, connector, store, folder, size)


async def _callers(system: LiveSystem, seen: Seen) -> list[Caller]:
    pipeline = system.pipeline
    cut_off = pipeline.process(
        "waypost-api",
        WAYPOST_HTTP_PORT=str(free_port()),
        WAYPOST_MONGO_URL=f"mongodb://127.0.0.1:{free_port()}/?replicaSet=rs0",
        WAYPOST_MONGO_SERVER_SELECTION_TIMEOUT_MS="100",
    )
    cut_off.start()
    api, hasty = await asyncio.gather(pipeline.start_api(), pipeline.start_api(**HASTY))
    await eventually(lambda: cut_off.probe("/healthz")[0] == 200, "the replica without MongoDB lives")

    async def caller(replica: Process, *permissions: str, organization: str = DEFAULT_ORGANIZATION) -> Caller:
        owner = OrganizationId(organization)
        _, key = await create_key(pipeline.database, organization=owner, permissions=list(permissions))
        return Caller(int(replica.environment["WAYPOST_HTTP_PORT"]), key, seen)

    system.owner, system.hasty = await caller(api, *EVERYTHING), await caller(hasty, *EVERYTHING)
    system.listener, system.manager = await caller(api, "events"), await caller(api, "manage")
    system.stranger = await caller(api, *EVERYTHING, organization=OTHERS)
    system.cut_off = await caller(cut_off, *EVERYTHING)
    system.nobody = Caller(int(api.environment["WAYPOST_HTTP_PORT"]), None, seen)
    return [one for one in vars(system).values() if isinstance(one, Caller)]


async def _fill(system: LiveSystem) -> None:
    """Waits for what the simulated sessions hold, and adds the session for which nothing can be done."""
    replay = system.pipeline.process("waypost-connector", "replay", str(TOUR))
    replay.start()
    assert await asyncio.to_thread(replay.wait) == 0, replay.log
    await system.until_working(*(cast.session for cast in system.casts))
    cast = system.casts[0]
    chats = [await system.until_chat(cast, place=place) for place in (0, 1)]
    person, another = sorted(chats, key=lambda jid: jid.endswith("@lid"))  # one of them is known by a phone number
    await system.until("listContacts", {"session": cast.session}, lambda found: found["data"])
    contacts = await system.owner("listContacts", names={"session": cast.session})
    sent = await system.send(cast.session, person)
    system.stage = Stage(
        session=cast.session,
        person=person,
        another=another,
        group=await system.until_chat(cast, ChatType.GROUP),
        channel=await system.until_chat(cast, ChatType.NEWSLETTER),
        lid=contacts.json()["data"][0]["lid"],
        message=sent["waMessageId"],
        operation=sent["outboxId"],
    )


def _end_all(pipeline: Pipeline) -> None:
    """So that nobody writes into the database once it is dropped."""
    for process in pipeline.processes:
        process.end(signal.SIGKILL)


async def _remove_topics(settings: KafkaSettings) -> None:
    admin = create_admin(settings, client_id="test")
    await admin.start()
    try:
        await admin.delete_topics([name for name in await admin.list_topics() if name.startswith(settings.topic_prefix)])
    finally:
        await admin.close()
