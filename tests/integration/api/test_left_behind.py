"""Requests with an idempotency key that were recorded and never published: the same key again publishes what was recorded."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.integration.api.conftest import Api, eventually, in_a_task_of_its_own
from tests.integration.api.connector_double import ConnectorDouble
from tests.integration.api.documents import chat_document
from tests.integration.api.pipeline_double import PipelineDouble

from waypost_api.commands.publisher import UNAVAILABLE, CommandPublisher
from waypost_api.settings import ApiSettings
from waypost_common.errors import UnavailableError

CHAT = "6281@s.whatsapp.net"
PATH = f"/sessions/mine/chats/{CHAT}"
MESSAGES = "/sessions/mine/messages"
TEXT = {"type": "text", "to": CHAT, "text": "Hello"}
KEY = {"idempotency-key": "left-1"}
ASYNCHRONOUS = {"async": "true"}


@pytest.fixture(autouse=True)
async def stored(database: Any) -> None:
    await database["chats"].insert_one(chat_document(CHAT))
    able = {"operations": ["message.send"], "status": "working"}
    await database["sessions"].update_one({"_id": "mine"}, {"$set": able})


@pytest.fixture
async def connector(settings: ApiSettings, topics: None) -> Any:
    async with in_a_task_of_its_own(ConnectorDouble.running(settings.kafka)) as double:
        yield double


@contextmanager
def nothing_published() -> Iterator[None]:
    async def refuse(*_: object, **__: object) -> None:
        raise UnavailableError(UNAVAILABLE)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CommandPublisher, "publish", refuse)
        yield


async def change(api: Api, pinned: bool = True, **options: Any) -> Any:
    return await api.send("PATCH", PATH, json={"pinned": pinned}, headers=KEY, **options)


async def left_behind(api: Api, **options: Any) -> str:
    with nothing_published():
        answer = await change(api, **options)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "gateway_unavailable")
    return str(answer.json()["error"]["details"]["operation"])


async def test_the_same_request_again_runs_what_was_recorded(live_api: Api, pipeline: PipelineDouble) -> None:
    operation = await left_behind(live_api)
    again = await change(live_api)
    assert (again.status_code, again.json()["pinned"]) == (200, True)
    [command] = pipeline.commands
    assert command.id == operation
    [recorded] = [one async for one in live_api.state["database"]["operations"].find({})]
    assert (command.issued_at, command.deadline) == (recorded["createdAt"], recorded["deadline"])


async def test_one_that_is_not_waited_for_is_accepted_again_and_runs(live_api: Api, pipeline: PipelineDouble) -> None:
    operation = await left_behind(live_api, params=ASYNCHRONOUS)
    again = await change(live_api, params=ASYNCHRONOUS)
    assert (again.status_code, again.headers["location"]) == (202, f"/api/v1/operations/{operation}")

    async def succeeded() -> bool:
        return bool((await live_api.get(f"/operations/{operation}")).json()["status"] == "succeeded")

    await eventually(succeeded)
    assert [command.id for command in pipeline.commands] == [operation]


async def test_a_message_goes_to_the_connectors_as_it_was_recorded(live_api: Api, connector: ConnectorDouble) -> None:
    with nothing_published():
        first = await live_api.send("POST", MESSAGES, json=TEXT, headers=KEY)
    assert first.status_code == 503
    [operation] = [one async for one in live_api.state["database"]["operations"].find({})]
    connector.result = {"waMessageId": "3EB0B2", "timestamp": 1_719_662_400_000}
    again = await live_api.send("POST", MESSAGES, json=TEXT, headers=KEY)
    assert (again.status_code, again.json()["waMessageId"]) == (200, "3EB0B2")
    [record], [command] = connector.records, connector.commands
    assert json.loads(record.value) == json.loads(operation["outbox"]["command"])
    assert (record.key, command.id) == (b"mine", operation["_id"])


async def test_another_request_under_its_key_is_a_conflict_and_publishes_nothing(live_api: Api, pipeline: PipelineDouble) -> None:
    await left_behind(live_api)
    for options in ({}, {"params": ASYNCHRONOUS}):
        assert (await change(live_api, pinned=False, **options)).status_code == 409
    assert (await change(live_api)).status_code == 200
    assert len(pipeline.commands) == 1


async def test_one_that_an_executor_has_claimed_is_waited_for_and_not_published_again(
    live_api: Api, pipeline: PipelineDouble, database: Any
) -> None:
    operation = await left_behind(live_api, params=ASYNCHRONOUS)
    await database["operations"].update_one({"_id": operation}, {"$set": {"status": "started"}, "$unset": {"outbox": ""}})
    again = await change(live_api, params=ASYNCHRONOUS)
    assert again.status_code == 202
    waited_for = await change(live_api)
    assert (waited_for.status_code, waited_for.json()["error"]["details"]["operation"]) == (503, operation)
    assert pipeline.commands == []


async def test_one_past_its_deadline_is_not_published_any_more(live_api: Api, pipeline: PipelineDouble, database: Any) -> None:
    operation = await left_behind(live_api)
    await database["operations"].update_one({"_id": operation}, {"$set": {"deadline": 1}})
    assert (await change(live_api)).status_code == 503
    assert pipeline.commands == []


async def test_a_request_without_a_key_leaves_nothing_to_publish(live_api: Api, pipeline: PipelineDouble) -> None:
    assert (await live_api.send("PATCH", PATH, json={"pinned": True})).status_code == 200
    [operation] = [one async for one in live_api.state["database"]["operations"].find({})]
    assert "outbox" not in operation
