"""A system whose only backend is another one than the simulated: nothing outside that package knows which it is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from tests.backends.loopback_whatsapp import FRIEND, LoopbackWhatsApp, loopback_whatsapp
from tests.mongo_driver import DRIVER
from tests.plugins.pipeline import PARTITIONS, Pipeline, migrated
from tests.processes import Process, eventually

from waypost_common.documents import Collection
from waypost_common.identifiers import OrganizationId
from waypost_common.kafka import create_admin
from waypost_common.settings import KafkaSettings, MongoSettings
from waypost_common.topics import live_commands
from waypost_store.keys import create_key
from waypost_store.settings import StoreSettings

pytestmark = pytest.mark.slow

INSTALLED = Path(__file__).parents[1] / "backends/loopback"
"""On a program's PYTHONPATH, the backend is installed there."""
ORGANIZATION = OrganizationId("org_another")


@pytest.fixture
async def whatsapp() -> AsyncIterator[LoopbackWhatsApp]:
    async with loopback_whatsapp() as one:
        yield one


@pytest.fixture
async def pipeline(
    kafka_server: str, mongod_server: str, topic_prefix: str, mongo_database_name: str, tmp_path: Path
) -> AsyncIterator[Pipeline]:
    kafka = KafkaSettings(
        bootstrap_servers=kafka_server, topic_prefix=topic_prefix, partitions=PARTITIONS, backends="loopback,second"
    )
    mongo = MongoSettings(url=SecretStr(mongod_server), database=mongo_database_name, driver=DRIVER)
    async with migrated(StoreSettings(kafka=kafka, mongo=mongo), tmp_path) as one:
        yield one


class Caller:
    """A user of the HTTP API who may do everything."""

    def __init__(self, client: httpx.AsyncClient, log: Callable[[], str]) -> None:
        self._client = client
        self._log = log

    async def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        return await self._client.request(method, f"/api/v1/sessions{path}", **request)

    async def until(self, path: str, condition: Callable[[Any], bool]) -> Any:
        """What a GET answers, as soon as it is a success of which the condition holds."""
        found: list[Any] = []

        async def holds() -> bool:
            answer = await self.ask("GET", path)
            found[:] = [answer.json()]
            return answer.is_success and condition(found[0])

        await eventually(holds, lambda: f"{path}, last {found}\n{self._log()[-3_000:]}")
        return found[0]


@pytest.fixture
async def connector(pipeline: Pipeline, whatsapp: LoopbackWhatsApp) -> Process:
    for service in ("waypost-ingest", "waypost-store"):
        await pipeline.start(service)
    return await pipeline.start(
        "waypost-connector",
        "run",
        PYTHONPATH=str(INSTALLED),
        WAYPOST_CONNECTOR_BACKEND="loopback",
        WAYPOST_CONNECTOR_REFRESH_SECONDS="0.2",
        WAYPOST_KAFKA_SESSION_TIMEOUT_MS="6000",
        WAYPOST_LOOPBACK_PORT=str(whatsapp.port),
    )


@pytest.fixture
async def caller(pipeline: Pipeline, connector: Process) -> AsyncIterator[Caller]:
    _, key = await create_key(pipeline.database, organization=ORGANIZATION, permissions=["read", "send", "manage"])
    api = await pipeline.start_api()
    async with pipeline.client(api, key) as client:
        yield Caller(client, lambda: connector.log)


async def test_the_migration_makes_a_command_topic_for_each_backend_of_the_settings_and_no_other(pipeline: Pipeline) -> None:
    admin = create_admin(pipeline.settings.kafka, client_id="test")
    await admin.start()
    try:
        names = {name.removeprefix(pipeline.settings.kafka.topic_prefix) for name in await admin.list_topics()}
    finally:
        await admin.close()
    assert {name for name in names if name.startswith("wa.commands.live.")} == {
        live_commands("loopback"),
        live_commands("second"),
    }


async def test_a_session_is_made_paired_and_used_and_outlives_its_connector(
    pipeline: Pipeline, whatsapp: LoopbackWhatsApp, connector: Process, caller: Caller
) -> None:
    made = (await caller.ask("POST", "", json={"label": "Desk", "start": True})).json()["id"]
    session = f"/{made}"
    await caller.until(f"{session}/qr", lambda qr: bool(qr["code"]))
    await whatsapp.accept()
    working = await caller.until(session, lambda found: found["status"] == "working")
    assert working["phoneNumber"] == "628120000001"
    document = await pipeline.database[Collection.SESSIONS].find_one({"_id": made})
    assert document is not None
    assert document["backend"] == "loopback"

    await whatsapp.arrive("Hello", "Are you there?")
    chat = f"{session}/chats/{FRIEND}"
    messages = await caller.until(f"{chat}/messages", lambda page: len(page["data"]) == 2)
    assert {message["body"] for message in messages["data"]} == {"Hello", "Are you there?"}
    await eventually(lambda: not whatsapp.kept, "both are acknowledged")

    sent = await caller.ask("POST", f"{session}/messages", json={"type": "text", "to": FRIEND, "text": "Yes"})
    assert sent.status_code == 200, sent.text
    assert whatsapp.texts_sent == ["Yes"]
    await caller.until(f"{chat}/messages", lambda page: "Yes" in {message["body"] for message in page["data"]})
    # What it cannot do is told so; what concerns the stored copy alone works, and nobody tries to push it.
    unable = await caller.ask("POST", f"{session}/channels/120363000000000001@newsletter:follow")
    assert (unable.status_code, unable.json()["error"]["code"]) == (501, "not_implemented")
    assert (await caller.ask("PATCH", chat, json={"archived": True})).status_code == 200

    connector.end()
    await whatsapp.arrive("While you were away")
    connector.start()
    await caller.until(f"{chat}/messages", lambda page: len(page["data"]) == 4)
    assert await whatsapp.logins() == 2

    out = await caller.ask("POST", f"{session}:logout")
    assert (out.status_code, await whatsapp.linked()) == (200, False), out.text
    for command in ("status", "doctor"):
        report = pipeline.process("waypost", command, "--json")
        report.start()
        assert await asyncio.to_thread(report.wait) == 0, report.log
