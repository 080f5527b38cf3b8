"""The store is killed and stopped between many commands: each has one outcome, and one event's effect."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from tests.events import now
from tests.faults.history import STRANGER, assert_as_if_nothing_had_happened, logs, make_history
from tests.pacing import paced
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

from waypost_common.commands import STORE_COMMAND_ADAPTER, StoreCommand, encode_command, key_of_command
from waypost_common.events import Event, subject_of
from waypost_common.identifiers import CommandId, event_id_of_command, new_command_id
from waypost_common.topics import COMMANDS_STORE

pytestmark = pytest.mark.slow

UNKNOWN_SESSION = "nobody"
SETTINGS = {"WAYPOST_STORE_BATCH_RECORDS": "20", "WAYPOST_KAFKA_SESSION_TIMEOUT_MS": "6000"}


def make_command(chance: random.Random, about: Event) -> StoreCommand:
    """About the chat of that event; now and then about one that is not there, or in a session that is not."""
    session = UNKNOWN_SESSION if chance.random() < 0.05 else about.session
    chat = {"chatJid": STRANGER if chance.random() < 0.05 else subject_of(about)}
    name, more = chance.choice(
        [("chat.update", {"pinned": True}), ("chat.update", {"pinned": False}), ("chat.read", {}), ("chat.unread", {})]
    )
    body: dict[str, Any] = {
        "schema": "v1",
        "id": new_command_id(),
        "command": name,
        "session": session,
        "organization": about.organization,
        "actor": {"kind": "program", "id": "test"},
        "issuedAt": now(),
        "deadline": now() + 120_000,
        "payload": chat | more,
    }
    return STORE_COMMAND_ADAPTER.validate_python(body)


@asynccontextmanager
async def asking(pipeline: Pipeline, commands: list[StoreCommand], *, a_second: int) -> AsyncIterator[None]:
    """Publishes commands one by one while the context is open; all of them before it is left."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ask(pipeline, commands, a_second), name="commands")
        yield


async def ask(pipeline: Pipeline, commands: list[StoreCommand], a_second: int) -> None:
    async for command in paced(commands, a_second=a_second):
        await pipeline.publish_raw(encode_command(command), key_of_command(command), COMMANDS_STORE)


async def until_more_claimed(pipeline: Pipeline, count: int) -> None:
    before = await pipeline.database["operations"].estimated_document_count()

    async def more() -> bool:
        return await pipeline.database["operations"].estimated_document_count() >= before + count

    await eventually(more, lambda: f"{count} commands more claimed\n{logs(pipeline)}", every=0.005)


async def test_a_store_killed_and_stopped_between_many_commands_gives_each_one_outcome(pipeline: Pipeline) -> None:
    chance = random.Random(7)
    history = make_history(500)
    messages = [one for one in history.events if one.event == "message"]
    commands = [make_command(chance, chance.choice(messages)) for _ in range(1_500)]
    await pipeline.start("waypost-ingest")
    await pipeline.publish(history.events, history.headers_of)
    await pipeline.until_applied()

    store = pipeline.process("waypost-store", **SETTINGS)
    async with asking(pipeline, commands, a_second=100):
        for number, code in ((signal.SIGKILL, -9), (signal.SIGTERM, 0), (signal.SIGKILL, -9)):
            store.start()
            await until_more_claimed(pipeline, 70)
            assert await asyncio.to_thread(store.end, number) == code
        store.start()
    operations = pipeline.database["operations"]

    async def all_ended() -> bool:
        asked = {"_id": {"$in": [command.id for command in commands]}, "status": {"$nin": ["pending", "started"]}}
        return await operations.count_documents(asked) == len(commands)

    await eventually(all_ended, lambda: f"an end of every operation\n{logs(pipeline)}")

    of_nobody = {command.id for command in commands if command.session == UNKNOWN_SESSION}
    assert of_nobody
    await assert_as_if_nothing_had_happened(pipeline, dict.fromkeys(of_nobody, ("rejected", "not_found")))
    asked = {command.id for command in commands} - of_nobody
    published = {(command_of(record), orjson.loads(record.value)["id"]) for record in await pipeline.read_all()}
    assert published >= {(command, event_id_of_command(CommandId(command))) for command in asked}
    assert sum(command in asked for command, _ in published) == len(asked)


def command_of(record: Any) -> str | None:
    name: bytes | None = dict(record.headers).get("command")
    return None if name is None else name.decode()
