"""One running system (api, store, ingest as processes; real Kafka and MongoDB) for a module, with instances of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from tests.events import event, message
from tests.mongo_driver import DRIVER
from tests.plugins.pipeline import PARTITIONS, Pipeline, migrated
from tests.processes import Process, eventually

from waypost_common.documents import Collection
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.kafka import create_admin
from waypost_common.settings import KafkaSettings, MongoSettings
from waypost_common.topics import topic_names
from waypost_store.keys import create_key
from waypost_store.settings import StoreSettings

JSON = dict[str, Any]
CACHES_OFF = {"WAYPOST_CACHE_API_KEY_MS": "0", "WAYPOST_CACHE_GENERATION_MS": "0"}


@dataclass(frozen=True)
class Instance:
    """A session of an organization of its own, and a token that may send."""

    organization: str
    session: str
    label: str
    token: str


@dataclass
class System:
    pipeline: Pipeline
    api: Process
    client: httpx.AsyncClient = field(repr=False)

    async def token(self, organization: str, *, permissions: str = "send", session: str | None = None) -> str:
        only = None if session is None else SessionId(session)
        database, owner = self.pipeline.database, OrganizationId(organization)
        _, secret = await create_key(database, organization=owner, permissions=permissions.split(","), session=only)
        return secret

    async def instance(self, *, organization: str | None = None, label: str | None = None, status: str = "working") -> Instance:
        number = uuid4().hex[:12]
        owner, session, name = organization or f"org_{number}", f"S{number}", label or f"Sales {number}"
        payload = {"status": status, "operations": [], "label": name}
        await self.pipeline.publish([event("session.status", payload, session=session, organization=owner)])

        async def there() -> bool:
            return await self.pipeline.database[Collection.SESSIONS].find_one({"_id": session}) is not None

        await eventually(there, "the session is there")
        return Instance(owner, session, name, await self.token(owner))

    async def chat_with(self, instance: Instance, jid: str) -> None:
        envelope = {"session": instance.session, "organization": instance.organization}
        await self.pipeline.publish([message(f"3EB0{uuid4().hex[:16].upper()}", chat=jid, envelope=envelope)])

        async def there() -> bool:
            return await self.chat(instance, jid) is not None

        await eventually(there, "the chat is there")

    async def chat(self, instance: Instance, jid: str) -> JSON | None:
        """The chat as it is stored, when it is visible."""
        query = {"_id": f"{instance.session}|{jid}", "visible": True}
        found: JSON | None = await self.pipeline.database[Collection.CHATS].find_one(query)
        return found

    async def ask(self, instance: Instance, name: str, body: JSON | None, **options: Any) -> httpx.Response:
        """As the instance's own client does; `name` is that of the endpoint."""
        headers = {"token": instance.token} | options.pop("headers", {})
        method = options.pop("method", "DELETE" if name == "deleteChat" else "POST")
        path = options.pop("path", f"/api/chat/{name}/{instance.session}")
        if body is not None:
            options["json"] = body
        return await self.client.request(method, path, headers=headers, **options)


@asynccontextmanager
async def clean_up(settings: StoreSettings, pipeline: Pipeline) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for process in pipeline.processes:
            process.end(9)
        await pipeline.database.client.drop_database(pipeline.database.name)
        admin = create_admin(settings.kafka, client_id="test")
        await admin.start()
        try:
            await admin.delete_topics(list(topic_names(settings.kafka)))
        finally:
            await admin.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(kafka_server: str, mongod_server: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    name = uuid4().hex[:10]
    settings = StoreSettings(
        kafka=KafkaSettings(bootstrap_servers=kafka_server, topic_prefix=f"t{name}.", partitions=PARTITIONS),
        mongo=MongoSettings(url=SecretStr(mongod_server), database=f"test_{name}", driver=DRIVER),
    )
    async with migrated(settings, tmp_path_factory.mktemp("system")) as pipeline, clean_up(settings, pipeline):
        await pipeline.start("waypost-ingest")
        await pipeline.start("waypost-store")
        api = await pipeline.start_api(**CACHES_OFF)
        address = f"http://127.0.0.1:{api.environment['WAYPOST_HTTP_PORT']}"
        async with httpx.AsyncClient(base_url=address, timeout=30) as client:
            yield System(pipeline, api, client)


@pytest_asyncio.fixture(loop_scope="module")
async def instance(system: System) -> Instance:
    return await system.instance()
