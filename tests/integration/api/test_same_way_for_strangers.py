"""Another organization's session and no session: one answer, by the same commands to the database (rule R8)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient  # noqa: TID251 - to listen to the driver itself
from pymongo.monitoring import CommandListener
from tests.integration.api.conftest import Api, in_a_task_of_its_own, running_api
from tests.integration.api.documents import OTHER_ORGANIZATION, chat_document
from tests.integration.api.test_order_of_checks import ALICE, path_of

from waypost_api.settings import ApiSettings
from waypost_api.table import OPERATIONS
from waypost_common.mongo import MongoDatabase

PASSING = {"lsid", "$clusterTime", "$readPreference", "txnNumber", "maxTimeMS", "createdAt", "expiresAt"}
"""What differs between any two commands."""
THEIRS, NONE = "theirs", "absent"


class Listener(CommandListener):
    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    def started(self, event: Any) -> None:
        self.heard.append((event.database_name, {name: value for name, value in event.command.items() if name not in PASSING}))

    def succeeded(self, event: Any) -> None:
        pass

    def failed(self, event: Any) -> None:
        pass


@pytest.fixture
def listener(database: MongoDatabase, monkeypatch: pytest.MonkeyPatch) -> Listener:
    """Of every client that is opened after the test's own."""
    listener = Listener()
    monkeypatch.setattr("waypost_common.mongo.AsyncIOMotorClient", partial(AsyncIOMotorClient, event_listeners=[listener]))
    return listener


@pytest.fixture
async def heard_api(settings: ApiSettings, listener: Listener) -> AsyncIterator[Api]:
    nowhere = settings.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    async with in_a_task_of_its_own(running_api(settings.model_copy(update={"kafka": nowhere}))) as running:
        yield running


def commands(listener: Listener, database: str, name: str) -> list[str]:
    """What was asked of that database since the last call, with `name` written as `it`."""
    found = [repr(command).replace(name, "it") for where, command in listener.heard if where == database]
    listener.heard.clear()
    return found


async def test_a_strangers_session_is_looked_for_as_one_that_is_not_there(
    heard_api: Api, listener: Listener, database: MongoDatabase
) -> None:
    await database["chats"].insert_one(chat_document(ALICE, session=THEIRS, organization=OTHER_ORGANIZATION))
    compared = 0
    for operation in OPERATIONS:
        if "{session}" not in operation.path or operation.super_admin:
            continue
        listener.heard.clear()
        answers, asked = [], []
        for name in (THEIRS, NONE):
            answers.append(await heard_api.send(operation.method, path_of(operation, name)))
            asked.append(commands(listener, database.name, name))
        assert answers[0].status_code == answers[1].status_code == 404, operation.id
        assert answers[0].content == answers[1].content
        assert asked[0] == asked[1], operation.id
        assert any("it" in command for command in asked[0]), operation.id
        compared += 1
    assert compared > 40


async def test_a_strangers_operation_is_looked_for_as_one_that_is_not_there(
    heard_api: Api, listener: Listener, database: MongoDatabase
) -> None:
    own: dict[str, Any] = {"expiresAt": datetime.now(UTC) + timedelta(days=1)}
    own |= {"status": "succeeded", "command": "chat.update", "session": THEIRS, "organization": OTHER_ORGANIZATION}
    await database["operations"].insert_one({"_id": "cmd_theirs"} | own)
    listener.heard.clear()
    answers, asked = [], []
    for name in ("cmd_theirs", "cmd_absent"):
        answers.append(await heard_api.get(f"/operations/{name}"))
        asked.append(commands(listener, database.name, name))
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert asked[0] == asked[1] != []
