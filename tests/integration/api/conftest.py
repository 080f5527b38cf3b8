"""A running API on real servers, documents to read, and a double that plays store and ingest on the real topics."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pydantic import SecretStr
from tests import processes
from tests.integration.api.documents import OTHER_ORGANIZATION, api_key_document, session_document
from tests.integration.api.pipeline_double import PipelineDouble
from tests.mongo_driver import DRIVER

from waypost_api.app import create_app
from waypost_api.call import State
from waypost_api.settings import ApiSettings, CacheSettings, CommandSettings, CursorSettings, ReadSettings
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.settings import KafkaSettings, MongoSettings
from waypost_common.topics import topic_names
from waypost_store.schema import ensure_bookkeeping, ensure_projections

PARTITIONS = 3
READY_S = 20.0


@pytest.fixture
def settings(kafka_server: str, mongod_server: str, mongo_database_name: str, topic_prefix: str) -> ApiSettings:
    return ApiSettings(
        kafka=KafkaSettings(bootstrap_servers=kafka_server, topic_prefix=topic_prefix, partitions=PARTITIONS),
        mongo=MongoSettings(url=SecretStr(mongod_server), database=mongo_database_name, driver=DRIVER),
        cursor=CursorSettings(secret=SecretStr("a secret of these tests")),
        commands=CommandSettings(deadline_ms=5_000),
        cache=CacheSettings(api_key_ms=0, generation_ms=0),
        reads=ReadSettings(timeout_ms=3_000),
    )


@pytest.fixture
async def database(settings: ApiSettings) -> AsyncIterator[MongoDatabase]:
    """With the collections of `waypost migrate`, a session for each of two organizations, and a key for each kind of caller."""
    async with open_client(settings.mongo, application="tests") as client:
        database = open_database(client, settings.mongo)
        await ensure_bookkeeping(database)
        await ensure_projections(database, 1)
        await database["sessions"].insert_many(
            [session_document("mine"), session_document("second"), session_document("theirs", OTHER_ORGANIZATION)]
        )
        await database["api_keys"].insert_many(
            [
                api_key_document("all", ["read", "send", "manage", "events"]),
                api_key_document("reader", ["read"]),
                api_key_document("sender", ["send"]),
                api_key_document("restricted", ["read", "send", "manage"], session="mine"),
                api_key_document("stranger", ["read", "send", "manage"], organization=OTHER_ORGANIZATION),
            ]
        )
        yield database


@pytest.fixture
async def topics(settings: ApiSettings) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in topic_names(settings.kafka)])
    finally:
        await admin.close()


@dataclass(frozen=True)
class Api:
    client: httpx.AsyncClient
    state: State

    async def get(self, path: str, *, key: str = "wa_all", **query: Any) -> httpx.Response:
        return await self.client.get(f"/api/v1{path}", params=query or None, headers={"x-api-key": key})

    async def send(self, method: str, path: str, *, key: str = "wa_all", **options: Any) -> httpx.Response:
        headers = {"x-api-key": key} | options.pop("headers", {})
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **options)


@asynccontextmanager
async def running_api(settings: ApiSettings) -> AsyncIterator[Api]:
    app = create_app(settings)
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            scope["state"] = dict(state or {})
            await app(scope, receive, send)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=with_state), base_url="http://api") as client:
            yield Api(client, state)  # type: ignore[arg-type]


@asynccontextmanager
async def in_a_task_of_its_own(entered: Any) -> AsyncIterator[Any]:
    """A fixture is left in another task than it was entered in, which a TaskGroup does not allow."""
    ready: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()

    async def hold() -> None:
        async with entered as value:
            ready.set_result(value)
            await stop.wait()

    holder = asyncio.get_running_loop().create_task(hold(), name="fixture")
    await asyncio.wait({ready, holder}, return_when=asyncio.FIRST_COMPLETED)
    if holder.done():
        holder.result()
    yield ready.result()
    stop.set()
    await holder


@pytest.fixture
async def api(settings: ApiSettings, database: MongoDatabase) -> AsyncIterator[Api]:
    """Reads only: there is no Kafka at its address, and reads must not care."""
    nowhere = settings.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    async with in_a_task_of_its_own(running_api(settings.model_copy(update={"kafka": nowhere}))) as running:
        yield running


@pytest.fixture
async def live_api(settings: ApiSettings, database: MongoDatabase, topics: None) -> AsyncIterator[Api]:
    """Ready for writes."""
    async with in_a_task_of_its_own(running_api(settings)) as running:
        await eventually(lambda: is_ready(running))
        yield running


@asynccontextmanager
async def profiled(database: MongoDatabase) -> AsyncIterator[list[dict[str, Any]]]:
    """What MongoDB was asked within the block, as its profiler tells afterwards."""
    asked: list[dict[str, Any]] = []
    await database.command({"profile": 2})
    try:
        yield asked
    finally:
        await database.command({"profile": 0})
    asked += [entry async for entry in database["system.profile"].find({"ns": {"$ne": f"{database.name}.system.profile"}})]


async def is_ready(api: Api) -> bool:
    return (await api.client.get("/readyz")).status_code == 200


@pytest.fixture
async def pipeline(settings: ApiSettings, database: MongoDatabase, topics: None) -> AsyncIterator[PipelineDouble]:
    async with in_a_task_of_its_own(PipelineDouble.running(settings.kafka, database)) as double:
        yield double


async def eventually(condition: Callable[[], Any], within_s: float = READY_S) -> None:
    """Waits until the condition (a function, or an async one) holds."""
    async with asyncio.timeout(within_s):
        await processes.eventually(condition, "the condition", every=0.02)
