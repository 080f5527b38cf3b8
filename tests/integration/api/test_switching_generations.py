"""Reads switch to another generation: an answer shows the change that it tells of."""

from typing import Any

import pytest
from tests.integration.api.conftest import Api, eventually, is_ready, running_api
from tests.integration.api.documents import chat_document
from tests.integration.api.pipeline_double import PipelineDouble

from waypost_api.settings import ApiSettings, CommandSettings

CHAT = "6281@s.whatsapp.net"


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


def position(generation: int, offset: int) -> dict[str, Any]:
    return {"_id": f"{generation}|0", "generation": generation, "partition": 0, "offset": offset}
