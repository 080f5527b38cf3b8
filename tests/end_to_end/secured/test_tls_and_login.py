"""Every service over TLS, logged in to Kafka and MongoDB as a user with the documented rights; and refusals that say why."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio
from tests.end_to_end.secured.certificates import Authority
from tests.end_to_end.secured.rights import give
from tests.end_to_end.secured.servers import MECHANISM, PASSWORD, SecuredKafka, SecuredMongod
from tests.plugins.pipeline import DEVICE_KEY, PARTITIONS
from tests.processes import Process, eventually

from waypost_common.kafka import create_admin
from waypost_common.settings import KafkaSettings
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION, casts
from waypost_local.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

DATABASE: Final = "secured"
NETWORK_SECRET: Final = "of network and connector"
OPERATOR: Final = "waypost-operator"
WRONG: Final = "hunter3-of-nobody"
NOT_SET: Final = "not set"
BY_PASSWORD: Final = {"WAYPOST_KAFKA_SASL_MECHANISM": "PLAIN"}
BY_CERTIFICATE: Final = {
    "WAYPOST_KAFKA_SECURITY_PROTOCOL": "SSL",
    **dict.fromkeys(("WAYPOST_KAFKA_SASL_MECHANISM", "WAYPOST_KAFKA_SASL_USERNAME", "WAYPOST_KAFKA_SASL_PASSWORD"), NOT_SET),
}


@dataclass(frozen=True)
class Servers:
    kafka: SecuredKafka
    mongod: SecuredMongod
    authority: Authority
    stranger: Authority
    """Has signed nothing here."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(servers_folder: Path) -> AsyncIterator[Servers]:
    folder = servers_folder / "secured"
    authority, stranger = Authority(folder, "authority"), Authority(folder, "stranger")
    mongod = SecuredMongod(folder / "mongo", authority, DATABASE)
    kafka = SecuredKafka(folder / "kafka", authority)
    try:
        await asyncio.gather(kafka.start(), mongod.start())
        admin = create_admin(KafkaSettings(bootstrap_servers=kafka.plain), client_id="test")
        await admin.start()
        await give(admin, "waypost-")
        await admin.close()
        yield Servers(kafka, mongod, authority, stranger)
    finally:
        kafka.kill()
        mongod.kill()
        shutil.rmtree(folder, ignore_errors=True)


class Programs:
    """Starts programs of the product as users of the servers, and has each killed after the test."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self._servers = servers
        self._folder = folder
        self.all: list[Process] = []

    def one(self, user: str, *arguments: str, **environment: str) -> Process:
        settings = {
            "WAYPOST_KAFKA_BOOTSTRAP_SERVERS": self._servers.kafka.address,
            "WAYPOST_KAFKA_PARTITIONS": str(PARTITIONS),
            "WAYPOST_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "WAYPOST_KAFKA_SASL_MECHANISM": MECHANISM,
            "WAYPOST_KAFKA_SASL_USERNAME": user,
            "WAYPOST_KAFKA_SASL_PASSWORD": PASSWORD,
            "WAYPOST_KAFKA_SSL_CA_FILE": str(self._servers.authority.file),
            "WAYPOST_MONGO_URL": self._servers.mongod.url(user="operator" if user == OPERATOR else "services"),
            "WAYPOST_MONGO_DATABASE": DATABASE,
            "WAYPOST_DEVICES_KEYS": DEVICE_KEY,
        }
        log = self._folder / f"{arguments[0]}-{len(self.all)}.log"
        given = {name: value for name, value in (settings | environment).items() if value != NOT_SET}
        process = Process(list(arguments), given, log)
        self.all.append(process)
        return process

    async def start(self, user: str, *arguments: str, **environment: str) -> Process:
        process = self.one(user, *arguments, **environment)
        process.start()
        await process.until_ready()
        return process

    async def run(self, user: str, *arguments: str, **environment: str) -> tuple[int, str]:
        """The exit code and all that was printed."""
        process = self.one(user, *arguments, **environment)
        process.start()
        return await asyncio.to_thread(process.wait), process.log


@pytest.fixture
def programs(servers: Servers, tmp_path: Path) -> Iterator[Programs]:
    programs = Programs(servers, tmp_path)
    yield programs
    for process in programs.all:
        process.end(9)
    assert [process for process in programs.all if PASSWORD in process.log or WRONG in process.log] == []


async def test_every_service_works_over_tls_with_the_documented_rights_and_no_more(programs: Programs, tmp_path: Path) -> None:
    code, printed = await programs.run(OPERATOR, "waypost", "migrate")
    assert code == 0, printed
    options = ["--organization", DEFAULT_ORGANIZATION, "--permissions", "read,send,events", "--operator", "--json"]
    code, printed = await programs.run(OPERATOR, "waypost", "keys", "create", *options)
    assert code == 0, printed
    key = str(json.loads(printed)["key"])

    address = {"WAYPOST_NETWORK_PORT": str(free_port()), "WAYPOST_NETWORK_SECRET": NETWORK_SECRET}
    world = ("--sessions", "1", "--chats", "2", "--history", "5", "--rate", "1")
    api_port = str(free_port())
    await asyncio.gather(
        programs.start("nobody", "waypost-simulated-network", "--data", str(tmp_path / "network"), *world, **address),
        programs.start("waypost-ingest", "waypost-ingest"),
        programs.start("waypost-store", "waypost-store"),
        programs.start("waypost-api", "waypost-api", WAYPOST_HTTP_PORT=api_port),
    )
    await programs.start("waypost-connector", "waypost-connector", "run", **address)

    cast = casts(seed=1, sessions=1, chats=2)[0]
    path = f"/api/v1/sessions/{cast.session}/chats/{cast.chats[0].jid}"
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{api_port}", headers={"x-api-key": key}, timeout=30) as client:

        async def until_done(method: str, url: str, **body: Any) -> Any:
            """A busy machine may answer 503, which says to try again; the key has it done once."""
            answers: list[httpx.Response] = []

            async def done() -> bool:
                answers.append(await client.request(method, url, json=body or None, headers={"idempotency-key": method}))
                return answers[-1].status_code == 200

            await eventually(done, lambda: answers[-1].text + "\n".join(process.log[-1_500:] for process in programs.all))
            return answers[-1].json()

        await until_done("GET", path)
        await until_done("PATCH", path, archived=True)
        assert (await until_done("GET", path))["archived"] is True
        await until_done("POST", f"/api/v1/sessions/{cast.session}/messages", type="text", to=cast.chats[0].jid, text="Hello")
        assert (await until_done("GET", "/api/v1/pipeline"))["partitions"]
        async with client.stream("GET", "/api/v1/events", params={"since": "0"}) as stream:
            assert stream.status_code == 200
            assert await anext(stream.aiter_lines())
    for command in ("status", "doctor"):
        code, printed = await programs.run(OPERATOR, "waypost", command)
        assert code == 0, printed
    forbidden = [line for process in programs.all for line in process.log.splitlines() if "uthorization" in line]
    assert forbidden == []


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ("kafka password", "refuses the user or password (SCRAM-SHA-512): correct WAYPOST_KAFKA_SASL_USERNAME"),
        ("kafka authority", "is not trusted (unable to get local issuer certificate): correct WAYPOST_KAFKA_SSL_CA_FILE"),
        ("kafka mechanism", "does not take SCRAM-SHA-256: correct WAYPOST_KAFKA_SASL_MECHANISM"),
        ("mongo password", "MongoDB refuses the user or password: correct WAYPOST_MONGO_URL (and its authSource)"),
        ("mongo authority", "correct tls= and tlsCAFile= in WAYPOST_MONGO_URL"),
    ],
)
async def test_a_refusal_is_one_line_that_says_what_to_correct(
    programs: Programs, servers: Servers, wrong: str, line: str
) -> None:
    environment = {
        "kafka password": {"WAYPOST_KAFKA_SASL_PASSWORD": WRONG},
        "kafka authority": {"WAYPOST_KAFKA_SSL_CA_FILE": str(servers.stranger.file)},
        "kafka mechanism": {"WAYPOST_KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"},
        "mongo password": {"WAYPOST_MONGO_URL": servers.mongod.url(password=WRONG)},
        "mongo authority": {"WAYPOST_MONGO_URL": servers.mongod.url(authority=servers.stranger)},
    }[wrong]
    code, printed = await programs.run(OPERATOR, "waypost", "migrate", **environment)
    assert code == 1
    assert printed.splitlines()[-1].startswith("waypost: ")
    assert line in printed.splitlines()[-1]
    assert "Traceback" not in printed


def certified(authority: Authority, name: str) -> dict[str, str]:
    """The settings of a client with a certificate of that name."""
    file = str(authority.sign(name))
    return {"WAYPOST_KAFKA_SSL_CERTIFICATE_FILE": file, "WAYPOST_KAFKA_SSL_KEY_FILE": file}


async def test_a_user_may_log_in_by_a_password_in_the_clear_within_tls(programs: Programs, servers: Servers) -> None:
    login = BY_PASSWORD | {"WAYPOST_KAFKA_BOOTSTRAP_SERVERS": servers.kafka.by_password}
    code, printed = await programs.run(OPERATOR, "waypost", "migrate", **login)
    assert code == 0, printed
    code, printed = await programs.run(OPERATOR, "waypost", "migrate", **login | {"WAYPOST_KAFKA_SASL_PASSWORD": WRONG})
    assert code == 1
    assert "refuses the user or password (PLAIN)" in printed.splitlines()[-1]


async def test_a_certificate_of_the_clients_own_is_a_login_with_the_rights_of_its_name(
    programs: Programs, servers: Servers
) -> None:
    login = BY_CERTIFICATE | {"WAYPOST_KAFKA_BOOTSTRAP_SERVERS": servers.kafka.by_certificate}
    code, printed = await programs.run(OPERATOR, "waypost", "migrate", **login, **certified(servers.authority, OPERATOR))
    assert code == 0, printed
    code, printed = await programs.run(OPERATOR, "waypost", "migrate", **login, **certified(servers.authority, "nobody"))
    assert code == 1
    assert "to this user: give it the rights of docs/security.md" in printed.splitlines()[-1]
    for refused in ({}, certified(servers.stranger, OPERATOR)):
        code, printed = await programs.run(OPERATOR, "waypost", "migrate", **login, **refused)
        assert code == 1
        assert "no TLS connection to Kafka" in printed.splitlines()[-1]
        assert "WAYPOST_KAFKA_SSL_CERTIFICATE_FILE where it asks for a certificate" in printed.splitlines()[-1]


async def test_a_service_that_kafka_refuses_ends_with_that_line(programs: Programs) -> None:
    wrong = {"WAYPOST_KAFKA_SASL_PASSWORD": WRONG}
    code, printed = await programs.run("waypost-ingest", "waypost-ingest", **wrong)
    assert code == 1
    assert "correct WAYPOST_KAFKA_SASL_USERNAME, WAYPOST_KAFKA_SASL_PASSWORD" in printed.splitlines()[-1]
    assert "Traceback" not in printed
