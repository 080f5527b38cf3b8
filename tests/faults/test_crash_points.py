"""Ingest, store and api are killed between any two of their steps: in the end all is as if nothing had happened.

Which guard each case is about, and how it fails without, stands in docs/reliability.md.
"""

import asyncio
from collections.abc import Iterable

import httpx
import pytest
from tests.events import ALICE, ORGANIZATION, SESSION, message, working_session
from tests.faults.crashes import SHORT_SESSION, cases, start_again, start_to_crash, until_killed_at
from tests.faults.figures import Figures
from tests.faults.history import applied, assert_as_if_nothing_had_happened, load, logs, make_history, until_more_applied
from tests.faults.late_writes import late_writes
from tests.faults.store_commands import assert_each_ended_once, make_commands, until_each_ended, with_chats
from tests.plugins.pipeline import Pipeline
from tests.processes import Process, eventually

from waypost_common.commands import StoreCommand, encode_command, key_of_command
from waypost_common.topics import COMMANDS_STORE
from waypost_local.ports import free_port

pytestmark = pytest.mark.slow

INGEST = cases(
    "ingest.before_chats:3",
    "ingest.after_write:4",
    others=[
        "ingest.before_write:1",
        "ingest.before_write:5",
        "ingest.after_bulk:1",
        "ingest.after_bulk:3",
        "ingest.after_bulk:4",
        "ingest.after_bulk:9",
        "ingest.before_chats:1",
        "ingest.after_write:1",
        "ingest.after_outcome:1",
        "ingest.after_positions:4",
    ],
)
STORE = cases("store.after_claim:3", others=["store.after_claim:1", "store.after_publish:1", "store.after_publish:3"])
CHAT = f"/api/v1/sessions/{SESSION}/chats/{ALICE}"
KEY = {"Idempotency-Key": "once"}


@pytest.mark.parametrize("at", INGEST)
async def test_ingest_killed_between_two_steps(pipeline: Pipeline, figures: Figures, at: str) -> None:
    history = make_history(400)
    records = "500" if at.startswith("ingest.after_outcome") else "50"  # with commands of every kind among them
    service = pipeline.process("waypost-ingest", WAYPOST_BATCH_MAX_RECORDS=records, **SHORT_SESSION)
    await pipeline.publish(history.events, history.headers_of)
    start_to_crash(service, at)
    await until_killed_at(service, at)
    assert await applied(pipeline) < len(history.events)
    with figures.until("ingest is started again, until all is applied"):
        start_again(service)
        await pipeline.until_applied()
    await assert_as_if_nothing_had_happened(pipeline)


@pytest.mark.parametrize("at", cases(others=["consumption.revoked:1"]))
async def test_ingest_killed_while_its_partitions_are_taken_away(
    pipeline: Pipeline, mongod_server: str, figures: Figures, at: str
) -> None:
    joining = pipeline.process("waypost-ingest", **SHORT_SESSION)
    async with late_writes(mongod_server) as proxy:
        leaving = pipeline.process("waypost-ingest", WAYPOST_MONGO_URL=proxy.mongo_url, **SHORT_SESSION)
        async with load(pipeline, make_history(25_000), a_second=500):
            start_to_crash(leaving, at)
            await until_more_applied(pipeline, 100)
            async with proxy.kept_back("update", "chats"):  # a batch is at hand, its messages stored and its chats not
                joining.start()
                await until_killed_at(leaving, at)
            with figures.until("both are there, until events are applied again"):
                start_again(leaving)
                await until_more_applied(pipeline, 1)
            await asyncio.gather(leaving.until_ready(), joining.until_ready())
            await until_more_applied(pipeline, 100)
        await assert_as_if_nothing_had_happened(pipeline)


@pytest.mark.parametrize("at", STORE)
async def test_the_store_killed_between_two_steps(pipeline: Pipeline, figures: Figures, at: str) -> None:
    store = pipeline.process("waypost-store", WAYPOST_STORE_BATCH_RECORDS="20", **SHORT_SESSION)
    commands = make_commands(150, await with_chats(pipeline, 200))
    await ask(pipeline, commands)
    start_to_crash(store, at)
    await until_killed_at(store, at)
    with figures.until("the store is started again, until every command has ended"):
        start_again(store)
        await until_each_ended(pipeline, commands)
    await assert_each_ended_once(pipeline, commands)


async def ask(pipeline: Pipeline, commands: Iterable[StoreCommand]) -> None:
    for command in commands:
        await pipeline.publish_raw(encode_command(command), key_of_command(command), COMMANDS_STORE)


async def ask_in_vain(pipeline: Pipeline, api: Process, api_key: str, at: str) -> None:
    """A change, under `KEY`, of which the api dies."""
    async with pipeline.client(api, api_key) as client:
        with pytest.raises(httpx.TransportError):
            await client.patch(CHAT, json={"pinned": True}, headers=KEY)
    await until_killed_at(api, at)


@pytest.mark.parametrize("at", cases(others=["api.after_record:1"]))
async def test_an_api_killed_before_it_published_what_it_recorded_publishes_it_once_the_key_comes_again(
    pipeline: Pipeline, figures: Figures, at: str
) -> None:
    first, second = (pipeline.process("waypost-api", WAYPOST_HTTP_PORT=str(free_port())) for _ in range(2))
    start_to_crash(first, at)
    second.start()
    services = pipeline.start("waypost-ingest"), pipeline.start("waypost-store")
    await asyncio.gather(*services, first.until_ready(), second.until_ready())
    await pipeline.publish([working_session(), message("A")])
    await pipeline.until_applied()
    api_key = await pipeline.api_key(ORGANIZATION)
    await ask_in_vain(pipeline, first, api_key, at)
    assert await pipeline.read_all(COMMANDS_STORE) == []
    async with pipeline.client(second, api_key) as client:
        with figures.until("an api that had recorded a request was killed, until another has answered it"):
            again = await client.patch(CHAT, json={"pinned": True}, headers=KEY)
        once_more = await client.patch(CHAT, json={"pinned": True}, headers=KEY)
    assert (again.status_code, again.json()["pinned"]) == (once_more.status_code, once_more.json()["pinned"]) == (200, True)
    assert len(await pipeline.read_all(COMMANDS_STORE)) == 1
    await assert_as_if_nothing_had_happened(pipeline)


@pytest.mark.parametrize("at", cases(others=["api.waiting:1"]))
async def test_an_api_killed_while_its_caller_waits_gives_the_same_answer_to_the_same_key_later(
    pipeline: Pipeline, figures: Figures, at: str
) -> None:
    api = pipeline.process("waypost-api", WAYPOST_HTTP_PORT=str(free_port()))
    start_to_crash(api, at)
    await asyncio.gather(pipeline.start("waypost-ingest"), pipeline.start("waypost-store"), api.until_ready())
    await pipeline.publish([working_session(), message("A")])
    await pipeline.until_applied()
    api_key = await pipeline.api_key(ORGANIZATION)
    await ask_in_vain(pipeline, api, api_key, at)
    [operation] = [one["_id"] async for one in pipeline.database["operations"].find({})]
    async with pipeline.client(api, api_key) as client:

        async def succeeded() -> bool:
            answer = await client.get(f"/api/v1/operations/{operation}")
            return bool(answer.json()["status"] == "succeeded")

        with figures.until("the api is started again, until it tells what became of the operation"):
            start_again(api)
            await api.until_ready()
            await eventually(succeeded, lambda: f"the operation succeeded\n{logs(pipeline)}")
        again = await client.patch(CHAT, json={"pinned": True}, headers=KEY)
    assert (again.status_code, again.json()["pinned"]) == (200, True)
    assert len(await pipeline.read_all(COMMANDS_STORE)) == 1
    await assert_as_if_nothing_had_happened(pipeline)
