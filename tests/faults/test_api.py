"""An API replica is killed while callers wait: what they asked for still happens once, and another replica tells of it."""

import asyncio
import signal
from typing import Any

import httpx
import pytest
from tests.events import ALICE, ORGANIZATION, SESSION, message, working_session
from tests.faults.figures import Figures
from tests.faults.history import assert_as_if_nothing_had_happened, logs
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

from waypost_common.topics import COMMANDS_STORE

pytestmark = pytest.mark.slow

CHAT = f"/api/v1/sessions/{SESSION}/chats/{ALICE}"
CALLERS = 10


async def test_what_callers_of_a_killed_api_waited_for_still_ends_and_another_replica_tells_it(
    pipeline: Pipeline, figures: Figures
) -> None:
    ingest = await pipeline.start("waypost-ingest")
    await pipeline.start("waypost-store")
    await pipeline.publish([working_session(), message("A")])
    await pipeline.until_applied()
    assert await asyncio.to_thread(ingest.end, signal.SIGTERM) == 0
    key = await pipeline.api_key(ORGANIZATION)
    first, second = await asyncio.gather(pipeline.start_api(), pipeline.start_api())
    async with pipeline.client(first, key) as doomed, pipeline.client(second, key) as other:

        async def wait_in_vain(number: int) -> None:
            keyed = {"Idempotency-Key": f"caller-{number}"} if number % 2 else {}
            with pytest.raises(httpx.TransportError):
                await doomed.patch(CHAT, json={"pinned": True}, headers=keyed)

        async with asyncio.TaskGroup() as callers:
            for number in range(CALLERS):
                callers.create_task(wait_in_vain(number), name=f"caller {number}")
            await eventually(lambda: recorded(pipeline, "started", CALLERS), lambda: f"all started\n{logs(pipeline)}")
            first.end(signal.SIGKILL)
        operations = [one["_id"] async for one in pipeline.database["operations"].find({})]
        assert len(operations) == CALLERS
        with figures.until("one api was killed, until the other has told of ten operations"):
            assert await told(other, operations) == {"pending"}

        async def succeeded() -> bool:
            return await told(other, operations) == {"succeeded"}

        with figures.until("ingest is started, until the other api tells that ten operations have ended"):
            ingest.start()
            await eventually(succeeded, lambda: f"all succeeded\n{logs(pipeline)}")
        again = await other.patch(CHAT, json={"pinned": True}, headers={"Idempotency-Key": "caller-1"})
        assert (again.status_code, again.json()["pinned"]) == (200, True)
    assert len(await pipeline.read_all(COMMANDS_STORE)) == CALLERS
    await assert_as_if_nothing_had_happened(pipeline)


async def recorded(pipeline: Pipeline, status: str, count: int) -> bool:
    return await pipeline.database["operations"].count_documents({"status": status}) >= count


async def told(client: httpx.AsyncClient, operations: list[Any]) -> set[str]:
    """The statuses of these operations, as the API tells them."""
    answers = [await client.get(f"/api/v1/operations/{operation}") for operation in operations]
    assert {answer.status_code for answer in answers} == {200}
    return {answer.json()["status"] for answer in answers}
