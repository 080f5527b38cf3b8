"""Another organization's session and no session: one answer, by the same commands to the database (rule R8)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from motor.motor_asyncio import AsyncIOMotorClient  # noqa: TID251 - to listen to the driver itself
from pymongo.monitoring import CommandListener
from tests.integration.api.conftest import Api, in_a_task_of_its_own, running_api
from tests.integration.api.documented_inputs import Taking, operations
from tests.integration.api.documents import OTHER_ORGANIZATION, chat_document
from tests.integration.api.test_order_of_checks import ALICE, NAMES, NEWSLETTER

from waypost_api.settings import ApiSettings
from waypost_api.table import OPERATIONS
from waypost_common.documents import Collection
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


def is_counting(command: Any) -> bool:
    """The second dialect counts each request, before it looks for anything, by the clock."""
    return Collection.RATE_LIMITS in command.values()


def commands(listener: Listener, database: str, name: str) -> list[str]:
    """What was asked of that database since the last call, with `name` written as `it`."""
    heard = [command for where, command in listener.heard if where == database and not is_counting(command)]
    found = [repr(command).replace(name, "it") for command in heard]
    listener.heard.clear()
    return found


def naming_a_session() -> list[tuple[Taking, str, str]]:
    """Each operation of the document that names a session, and where. Not those of platform administrators, who reach all."""
    places = [(one, "path", name) for one in operations() for name in one.names if name in {"session", "instance"}]
    places += [(one, "query", name) for one in operations() for name in one.query if name == "session"]
    return [place for place in places if "/admin/" not in place[0].path]


async def ask(api: Api, taking: Taking, place: str, name: str, value: str) -> httpx.Response:
    jid = NEWSLETTER if "/channels/" in taking.path else ALICE
    names = {**NAMES, "jid": jid} | ({name: value} if place == "path" else {})
    query = {name: value} if place == "query" else None
    headers = {"x-api-key": "wa_all", "token": "wa_all"}  # one for each dialect
    return await api.client.request(taking.method, taking.path.format(**names), params=query, headers=headers)


async def test_a_strangers_session_is_looked_for_as_one_that_is_not_there(
    heard_api: Api, listener: Listener, database: MongoDatabase
) -> None:
    await database["chats"].insert_one(chat_document(ALICE, session=THEIRS, organization=OTHER_ORGANIZATION))
    for taking, place, name in naming_a_session():
        listener.heard.clear()
        answers, asked = [], []
        for session in (THEIRS, NONE):
            answers.append(await ask(heard_api, taking, place, name, session))
            asked.append(commands(listener, database.name, session))
        assert answers[0].status_code == answers[1].status_code == 404, (taking.id, answers[0].text)
        assert answers[0].content == answers[1].content, taking.id
        assert asked[0] == asked[1], taking.id
        assert any("it" in command for command in asked[0]), taking.id


def test_every_operation_that_names_a_session_is_among_them() -> None:
    named = {taking.id for taking, _, _ in naming_a_session()}
    assert {one.id for one in OPERATIONS if "{session}" in one.path and not one.super_admin} < named
    assert {"streamEvents", "muteInstanceChat", "deleteInstanceChat"} < named


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
