"""Connectors that share the sessions of one network, as processes that a test may kill, freeze and cut off from Kafka."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from pydantic import SecretStr
from pymongo.uri_parser import parse_uri
from tests.faults.connectors_log import EventLog
from tests.faults.connectors_record import Login, NetworkRecord
from tests.faults.servers import OwnKafka
from tests.faults.tcp_proxy import TcpProxy
from tests.faults.thorough import ALL_ARE_WANTED
from tests.mongo_driver import DRIVER
from tests.plugins.pipeline import DEVICE_KEY
from tests.processes import Process, eventually

from waypost_common.clock import now_ms
from waypost_common.identifiers import EpochMs
from waypost_common.kafka import create_admin
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.settings import KafkaSettings, MongoSettings
from waypost_common.topics import connector_group, group_name, topic_names
from waypost_connector.partitions import partition_of
from waypost_local.ports import LOOPBACK, free_port
from waypost_store.settings import StoreSettings
from waypost_store.setup.migrate import migrate

CONNECTORS = ("connector-1", "connector-2", "connector-3")
PARTITIONS = 12
SESSIONS = int(os.environ.get("WAYPOST_TEST_FLEET_SESSIONS", "300" if ALL_ARE_WANTED else "60"))
SEED = 1
CHATS = 12
SECRET = "of network and connectors"
WITHOUT_LIMIT = {"WAYPOST_SENDING_PER_MINUTE": "100000", "WAYPOST_SENDING_PER_HOUR": "1000000"}
NEVER_FULL = ("--record-mebibytes", "100000")


class ProxiedKafka(OwnKafka):
    """Has a listener beside its own for each proxy, at which it names the proxy's port as its address."""

    def __init__(self, folder: Path, proxies: int) -> None:
        super().__init__(folder)
        ports = [free_port() for _ in range(proxies)]
        self.proxies = [TcpProxy(port) for port in ports]
        names = [f"PROXIED{number}" for number in range(proxies)]
        lines = dict(line.split("=", 1) for line in self._settings.read_text().splitlines())
        told = [proxy.port for proxy in self.proxies]
        more = {
            "listeners": [f"{name}://{LOOPBACK}:{port}" for name, port in zip(names, ports, strict=True)],
            "advertised.listeners": [f"{name}://{LOOPBACK}:{port}" for name, port in zip(names, told, strict=True)],
            "listener.security.protocol.map": [f"{name}:PLAINTEXT" for name in names],
        }
        with self._settings.open("a") as settings:  # the last line of a name counts
            settings.writelines(f"{name}={','.join([lines[name], *values])}\n" for name, values in more.items())


class Connector(Process):
    """`gateway`: its id."""

    def __init__(self, gateway: str, environment: dict[str, str], folder: Path) -> None:
        self.gateway = gateway
        environment |= {"WAYPOST_CONNECTOR_GATEWAY_ID": gateway}
        super().__init__(["waypost-connector", "run"], environment, folder / f"{gateway}-{uuid4().hex[:4]}.log")

    @property
    def last_words(self) -> str:
        """What it said to whoever started it before it ended with an error; empty where it did not."""
        return "".join(line for line in self.log.splitlines() if line.startswith("waypost-connector: "))


@dataclass
class Fleet:
    """What tests see and do. The connectors' ways `to_kafka` and `to_mongod` by gateway id, where there are such."""

    settings: StoreSettings
    environment: dict[str, str]
    folder: Path
    connectors: dict[str, Connector]
    network: Process
    record: NetworkRecord
    log: EventLog
    database: MongoDatabase
    admin: AIOKafkaAdminClient
    to_kafka: dict[str, TcpProxy]
    to_mongod: dict[str, TcpProxy]
    sessions: int
    started_at: EpochMs
    """When the connectors were started, for the first time."""
    stack: AsyncExitStack
    """Ends what was started."""
    chats: int = CHATS

    def another(self, gateway: str) -> Connector:
        """One more process of that id, not started yet."""
        environment = self.connectors[gateway].environment | {"WAYPOST_METRICS_PORT": str(free_port())}
        process = Connector(gateway, environment, self.folder)
        self.stack.callback(process.end, signal.SIGKILL)
        return process

    async def assigned(self) -> dict[str, frozenset[int]] | None:
        """The partitions that the group gave to each connector; None while it is not of one mind."""
        group = group_name(self.settings.kafka, connector_group("simulated"))
        answer: Any
        [answer] = await self.admin.describe_consumer_groups([group])
        [(_, _, state, _, _, members, *_)] = answer.groups
        if state != "Stable":
            return None
        found: dict[str, frozenset[int]] = {}
        for _, client, _, _, assignment in members:
            topics = ConsumerProtocolMemberAssignment.decode(assignment).assignment
            found[client.removeprefix("waypost-")] = frozenset(number for _, numbers in topics for number in numbers)
        return found

    async def settled(self, anew: Collection[str] = (), since: int = 0) -> None:
        """Waits until each session is logged in by the connector that the group gave it to; all that run have some.

        And until those that are to log in `anew` have done so, since the login of that number.
        """
        running = {gateway for gateway, process in self.connectors.items() if process.is_running}
        found: dict[str, Any] = {}

        async def as_assigned() -> bool:
            assigned, holders = await self.assigned(), self.record.read().holders()
            found.update(assigned=assigned, logged_in=len(holders))
            if assigned is None or assigned.keys() != running or not all(assigned.values()):
                return False
            given = {gateway: partitions for gateway, partitions in assigned.items() if gateway in running}
            elsewhere = [
                session
                for session, holder in holders.items()
                if partition_of(session.encode(), PARTITIONS) not in given.get(holder, ())
            ]
            waited_for = set(anew) - self.record.logins_by_session(since).keys()
            found.update(elsewhere=elsewhere, waited_for=waited_for)
            return len(holders) >= self.sessions and not elsewhere and not waited_for

        await eventually(as_assigned, lambda: f"every session with its owner: {found}\n{self.logs()}", every=0.2)

    def sessions_of(self, gateway: str) -> set[str]:
        return {session for session, holder in self.record.read().holders().items() if holder == gateway}

    async def until_taken(self, sessions: Iterable[str], by_others_than: str, since: int) -> dict[str, Login]:
        """Waits for a login of each session by another connector since that login's number, and gives each one's first."""
        first: dict[str, Login] = {}

        def all_taken() -> bool:
            self.record.read()
            for session, logins in self.record.logins_by_session(since).items():
                others = [login for login in logins if login.client != by_others_than]
                if others:
                    first.setdefault(session, others[0])
            return first.keys() >= set(sessions)

        await eventually(all_taken, lambda: f"{len(first)} sessions taken over\n{self.logs()}")
        return first

    def logs(self) -> str:
        return "\n".join(f"{process.gateway}:\n{process.log[-1_500:]}" for process in self.connectors.values())


@asynccontextmanager
async def running_fleet(
    kafka: str | ProxiedKafka,
    mongo_url: str,
    folder: Path,
    *world: str,
    sessions: int = SESSIONS,
    ingest: bool = True,
    **environment: str,
) -> AsyncIterator[Fleet]:
    """A migrated system with a network and three connectors, all started. `world`: options of the network."""
    name = uuid4().hex[:10]
    address = kafka if isinstance(kafka, str) else kafka.address
    to_kafka = {} if isinstance(kafka, str) else dict(zip(CONNECTORS, kafka.proxies, strict=True))
    mongod_port = parse_uri(mongo_url)["nodelist"][0][1]
    to_mongod = {gateway: TcpProxy(mongod_port) for gateway in to_kafka}
    settings = StoreSettings(
        kafka=KafkaSettings(bootstrap_servers=address, topic_prefix=f"t{name}.", partitions=PARTITIONS),
        mongo=MongoSettings(url=SecretStr(mongo_url), database=f"test_{name}", driver=DRIVER),
    )
    environment = {
        "WAYPOST_KAFKA_BOOTSTRAP_SERVERS": address,
        "WAYPOST_KAFKA_TOPIC_PREFIX": settings.kafka.topic_prefix,
        "WAYPOST_MONGO_URL": mongo_url,
        "WAYPOST_MONGO_DATABASE": settings.mongo.database,
        "WAYPOST_NETWORK_PORT": str(free_port()),
        "WAYPOST_DEVICES_KEYS": DEVICE_KEY,
        "WAYPOST_NETWORK_SECRET": SECRET,
        **WITHOUT_LIMIT,
        **environment,
    }
    await migrate(settings, plan=False, report=lambda _line: None)
    size = ("--seed", str(SEED), "--sessions", str(sessions), "--chats", str(CHATS))
    options = ("--data", str(folder / "network"), *size, *NEVER_FULL, *world)
    network = Process(["waypost-simulated-network", *options], environment, folder / "network.log")
    processes = [network, *([Process(["waypost-ingest"], environment, folder / "ingest.log")] if ingest else [])]
    connectors = {}
    for gateway in CONNECTORS:
        through = _through(to_kafka[gateway], to_mongod[gateway]) if to_kafka else {}
        connectors[gateway] = Connector(gateway, environment | through, folder)
    async with AsyncExitStack() as stack:
        for proxy in (*to_kafka.values(), *to_mongod.values()):
            await proxy.start()
            stack.push_async_callback(proxy.cut)
        client = await stack.enter_async_context(open_client(settings.mongo, application="test"))
        log = await stack.enter_async_context(EventLog(settings.kafka))
        admin = create_admin(settings.kafka, client_id="test")
        await admin.start()
        stack.push_async_callback(admin.close)
        stack.push_async_callback(admin.delete_topics, list(topic_names(settings.kafka)))
        stack.push_async_callback(client.drop_database, settings.mongo.database)
        await _start(processes, stack)
        started_at = now_ms()
        await _start(connectors.values(), stack)
        yield Fleet(
            settings=settings,
            environment=environment,
            folder=folder,
            connectors=connectors,
            network=network,
            record=NetworkRecord(folder / "network"),
            log=log,
            database=open_database(client, settings.mongo),
            admin=admin,
            to_kafka=to_kafka,
            to_mongod=to_mongod,
            sessions=sessions,
            started_at=started_at,
            stack=stack,
        )


def _through(to_kafka: TcpProxy, to_mongod: TcpProxy) -> dict[str, str]:
    return {
        "WAYPOST_KAFKA_BOOTSTRAP_SERVERS": f"{LOOPBACK}:{to_kafka.port}",
        # Else the driver would go to where the replica set says that it is.
        "WAYPOST_MONGO_URL": to_mongod.mongo_url,
    }


async def _start(processes: Collection[Process], stack: AsyncExitStack) -> None:
    """Returns when all are ready."""
    for process in processes:
        stack.callback(process.end, signal.SIGKILL)
        process.start()
    await asyncio.gather(*(process.until_ready() for process in processes))
