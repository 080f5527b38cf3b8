"""The store is killed and stopped between many commands: each has one outcome, and one event's effect."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.faults.figures import Figures
from tests.faults.history import logs
from tests.faults.store_commands import assert_each_ended_once, make_commands, with_chats
from tests.pacing import paced
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

from waypost_common.commands import StoreCommand, encode_command, key_of_command
from waypost_common.topics import COMMANDS_STORE

pytestmark = pytest.mark.slow

SETTINGS = {"WAYPOST_STORE_BATCH_RECORDS": "20", "WAYPOST_KAFKA_SESSION_TIMEOUT_MS": "6000"}


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


async def test_a_store_killed_and_stopped_between_many_commands_gives_each_one_outcome(
    pipeline: Pipeline, figures: Figures
) -> None:
    commands = make_commands(1_500, await with_chats(pipeline))
    store = pipeline.process("waypost-store", **SETTINGS)
    async with asking(pipeline, commands, a_second=100):
        before = "nothing"
        for number, code in ((signal.SIGKILL, -9), (signal.SIGTERM, 0), (signal.SIGKILL, -9)):
            store.start()
            with figures.until(f"started after {before}, until commands are claimed"):
                await until_more_claimed(pipeline, 1)
            await until_more_claimed(pipeline, 70)
            before = signal.Signals(number).name
            assert await asyncio.to_thread(store.end, number) == code
        store.start()
    await assert_each_ended_once(pipeline, commands)
