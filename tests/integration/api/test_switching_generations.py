"""Reads switch to another generation: an answer shows the change that it tells of, and so does what is read after it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.integration.api.conftest import Api, eventually, is_ready, running_api
from tests.integration.api.documents import chat_document
from tests.integration.api.pipeline_double import PipelineDouble

from waypost_api.settings import ApiSettings, CommandSettings
from waypost_store.rebuild.records import GenerationRecords

CHAT = "6281@s.whatsapp.net"
QUIET_S = 0.3
"""So long no answer comes: less than the second that a generation is waited for, and long enough for an answer."""


@pytest.fixture(autouse=True)
async def stored_chat(database: Any) -> None:
    await database["chats"].insert_one(chat_document(CHAT))


async def patch(api: Api, body: Any, **options: Any) -> Any:
    return await api.send("PATCH", f"/sessions/mine/chats/{CHAT}", json=body, **options)


@pytest.fixture
async def behind(database: Any, pipeline: PipelineDouble) -> None:
    """Generation 7 tells of the event at offset 5, before it has saved that position; the API reads generation 1."""
    pipeline.generation, pipeline.position = 7, (0, 5)
    await database["positions"].insert_many([position(7, 4), position(1, 4)])


@pytest.fixture
def impatient(settings: ApiSettings) -> ApiSettings:
    return settings.model_copy(update={"commands": CommandSettings(deadline_ms=600)})


@pytest.mark.usefixtures("behind")
@pytest.mark.parametrize("recorded", [False, True])
async def test_an_outcome_of_another_generation_is_not_taken_before_this_one_shows_its_event(
    impatient: ApiSettings, pipeline: PipelineDouble, recorded: bool
) -> None:
    pipeline.records_outcomes = recorded
    async with running_api(impatient) as api:
        await eventually(lambda: is_ready(api))
        answer = await patch(api, {"archived": True})
        assert answer.status_code == 503
        assert answer.json()["error"]["details"]["operation"] == pipeline.commands[0].id
        assert len(api.state["executor"]._waiters) == 0


@pytest.mark.usefixtures("behind")
async def test_a_key_that_comes_again_is_answered_once_this_generation_shows_the_event(
    impatient: ApiSettings, database: Any, pipeline: PipelineDouble
) -> None:
    async with running_api(impatient) as api:
        await eventually(lambda: is_ready(api))

        async def again() -> Any:
            return await patch(api, {"archived": True}, headers={"idempotency-key": "once"})

        assert [(await again()).status_code for _ in range(2)] == [503, 503]
        [operation] = await database["operations"].find({}).to_list()
        assert operation["status"] == "succeeded"
        await database["positions"].update_one({"generation": 1}, {"$set": {"offset": 5}})
        assert (await again()).status_code == 200
    assert len(pipeline.commands) == 1


@pytest.mark.usefixtures("behind")
async def test_what_a_dropped_generation_told_is_taken(impatient: ApiSettings, database: Any) -> None:
    await database["positions"].delete_one({"generation": 7})
    async with running_api(impatient) as api:
        await eventually(lambda: is_ready(api))
        assert (await patch(api, {"archived": True})).status_code == 200


@pytest.fixture
async def ready(database: Any, pipeline: PipelineDouble) -> None:
    """Generation 1 is read and tells of the event at offset 5; generation 2 is to be switched to, and has not read it yet."""
    pipeline.generation, pipeline.position = 1, (0, 5)
    making = [{"_id": "live", "generation": 1, "making": 2}, {"_id": "g2", "generation": 2, "state": "ready"}]
    await database["generations"].insert_many(making)
    await database["positions"].insert_many([position(1, 5), position(2, 4)])


async def reach(database: Any, generation: int, offset: int) -> None:
    await database["positions"].update_one({"generation": generation}, {"$set": {"offset": offset}})


async def switch(database: Any) -> None:
    """As a rebuild does."""
    await GenerationRecords(database).make_live(2, instead_of=1)


@asynccontextmanager
async def unanswered_patch(api: Api, database: Any) -> AsyncIterator[asyncio.Task[Any]]:
    """A change that is done, of which its caller is not told."""

    async def is_done() -> bool:
        return await database["operations"].find_one({"status": "succeeded"}) is not None

    async with asyncio.TaskGroup() as tasks:
        answer = tasks.create_task(patch(api, {"archived": True}), name="patch")
        await eventually(is_done)
        done, _ = await asyncio.wait({answer}, timeout=QUIET_S)
        assert not done
        yield answer


@pytest.mark.usefixtures("ready")
async def test_who_is_told_of_a_change_finds_it_in_the_generation_that_is_switched_to_next(
    settings: ApiSettings, database: Any
) -> None:
    async with running_api(settings) as api:
        await eventually(lambda: is_ready(api))
        async with unanswered_patch(api, database) as answer:
            await reach(database, 2, 5)
            assert (await answer).status_code == 200


@pytest.mark.usefixtures("ready")
async def test_a_generation_that_stands_still_before_it_is_switched_to_delays_an_answer_by_a_second(
    settings: ApiSettings, database: Any
) -> None:
    async with running_api(settings) as api:
        await eventually(lambda: is_ready(api))
        began = asyncio.get_running_loop().time()
        assert (await patch(api, {"archived": True})).status_code == 200
        assert 1 <= asyncio.get_running_loop().time() - began < settings.commands.deadline_ms / 1_000


@pytest.mark.usefixtures("ready")
async def test_nobody_is_told_of_a_change_that_the_generation_just_switched_to_does_not_show(
    impatient: ApiSettings, database: Any
) -> None:
    patient = impatient.model_copy(update={"commands": CommandSettings(deadline_ms=3_000)})
    async with running_api(patient) as api:
        await eventually(lambda: is_ready(api))
        async with unanswered_patch(api, database) as answer:
            await switch(database)
            refused = await answer
            assert refused.status_code == 503
            assert "cannot be read yet" in refused.json()["error"]["message"]


@pytest.mark.usefixtures("ready")
async def test_who_is_told_of_a_change_finds_it_in_the_former_generation_that_another_replica_may_still_read(
    settings: ApiSettings, database: Any, pipeline: PipelineDouble
) -> None:
    """Also where it is told by a replica that has started after the switch."""
    pipeline.generation, pipeline.position = 2, (0, 6)
    await database["chats_g2"].insert_one(chat_document(CHAT))
    await database["sessions_g2"].insert_many(await database["sessions"].find({}).to_list())
    await reach(database, 2, 6)
    await switch(database)
    async with running_api(settings) as api:
        await eventually(lambda: is_ready(api))
        async with unanswered_patch(api, database) as answer:
            await reach(database, 1, 6)
            assert (await answer).status_code == 200


def position(generation: int, offset: int) -> dict[str, Any]:
    return {"_id": f"{generation}|0", "generation": generation, "partition": 0, "offset": offset}
