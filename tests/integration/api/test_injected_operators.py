"""Operators of MongoDB and other texts that mean something, in every place the OpenAPI document names: values, or refused."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest
from tests.end_to_end.live.examples import Stage
from tests.integration.api.conftest import Api, profiled
from tests.integration.api.documented_inputs import Taking, operations, with_field
from tests.integration.api.documents import channel_document, chat_document, group_document, message_document
from tests.integration.api.test_hostile_requests import is_in_order

from waypost_api.settings import ApiSettings, DialectSettings, ReadSettings
from waypost_api.table import OPERATIONS
from waypost_common.mongo import MongoDatabase

PERSON, GROUP, CHANNEL = "6281@s.whatsapp.net", "120@g.us", "120@newsletter"
STAGE: Final = Stage(
    session="mine", person=PERSON, another="6282@s.whatsapp.net", group=GROUP, channel=CHANNEL, lid="9001@lid",
    message="M1", operation="cmd_1",
)  # fmt: skip
NAMES: Final = STAGE.names | {"id": "wh_1"}
MARK: Final = "injected"
OBJECTS: Final = ({"$gt": ""}, {"$ne": None}, {"$where": f"throw '{MARK}'"}, {"$regex": ".*"}, ["$gt"], [{"$gt": ""}])
OPERATORS: Final = ('{"$ne":null}', f'{{"$where":"throw \'{MARK}\'"}}', "[$ne]")
TEXTS: Final = ("\0", f"a\0{MARK}", "$gt", "$where", "sessions.$id", ".*", "^(a+)+$", "'; return true; //", "\ud7ff", "{{7*7}}")
NEVER_ASKED: Final = {"$where", "$function", "$accumulator"}
"""What runs programs in the database, and nothing of ours asks for."""


@pytest.fixture
def settings(settings: ApiSettings) -> ApiSettings:
    """A busy machine may take its time: refusals for that would hide others."""
    patient = {"reads": ReadSettings(timeout_ms=20_000), "dialect": DialectSettings(requests_per_minute=100_000)}
    return settings.model_copy(update=patient)


@pytest.fixture(autouse=True)
async def stored(database: MongoDatabase) -> None:
    """All that the paths name, and a connector that can do everything."""
    able = [operation.id for operation in OPERATIONS]
    commands = ["message.send", "message.edit", "message.revoke", "message.react", "chat.update", "channel.create"]
    await database["sessions"].update_one({"_id": "mine"}, {"$set": {"operations": able + commands}})
    await database["chats"].insert_many([chat_document(jid) for jid in (PERSON, GROUP, CHANNEL)])
    await database["channels"].insert_one(channel_document(CHANNEL))
    await database["groups"].insert_one(group_document(GROUP))
    await database["messages"].insert_one(message_document("M1", PERSON, offset=1, at=1))


async def ask(api: Api, taking: Taking, *, query: str = "", body: Any = None, **names: str) -> httpx.Response:
    path = taking.path.format(**{name: quote(value, safe="") for name, value in (NAMES | names).items()})
    headers = {"x-api-key": "wa_all", "token": "wa_all"}  # one for each dialect
    return await api.client.request(taking.method, path + query, json=body, headers=headers)


def told(taking: Taking, answer: httpx.Response) -> bool:
    """Whether it is an answer in order, in the shape of its dialect."""
    if taking.path.startswith("/api/chat/") and answer.status_code >= 400:
        is_ours = answer.status_code < 500 or "Kafka" in answer.text
        return is_ours and isinstance(answer.json()["error"]["message"], str)
    return is_in_order(answer)


def asks_for(command: Any) -> Iterator[str]:
    """The operators of a command to MongoDB."""
    if isinstance(command, dict):
        yield from (name for name in command if name.startswith("$"))
        command = list(command.values())
    if isinstance(command, list):
        for one in command:
            yield from asks_for(one)


async def test_an_operator_where_a_value_of_a_body_belongs_is_refused(api: Api, database: MongoDatabase) -> None:
    tried = set()
    async with profiled(database) as asked:
        for taking in (one for one in operations() if one.bodies):
            sound = STAGE.body(taking) or {}  # type: ignore[arg-type]  # its id is all that is looked at
            for kind, field in taking.fields():
                for value in OBJECTS:
                    answer = await ask(api, taking, body=with_field(sound | kind, field, value))
                    assert answer.status_code in {400, 422, 501}, (taking.id, field, value, answer.text)
                    if answer.status_code != 501:
                        tried.add((taking.id, field))
            for whole in (sound | {"$where": MARK}, {"$gt": MARK}, {"$set": {"organization": MARK}}, [{"$gt": MARK}]):
                assert told(taking, await ask(api, taking, body=whole)), (taking.id, whole)
    assert len({operation for operation, _ in tried}) > 12
    assert len(tried) > 30
    assert not [entry for entry in asked if MARK in str(entry["command"])]


@pytest.mark.parametrize("text", OPERATORS)
async def test_an_operator_in_any_path_or_query_is_a_text(api: Api, database: MongoDatabase, text: str) -> None:
    async with profiled(database) as asked:
        for taking in operations():
            for name in taking.names:
                answer = await ask(api, taking, **{name: text})
                assert told(taking, answer), (taking.id, name, answer.text)
                assert answer.status_code >= 400, (taking.id, name, answer.text)
            for name in taking.query:
                assert told(taking, await ask(api, taking, query=f"?{name}={quote(text)}")), (taking.id, name)
                if not taking.lasts:  # nothing would be wrong with it then, and it would not end
                    assert told(taking, await ask(api, taking, query=f"?{name}{quote('[$ne]')}=1")), (taking.id, name)
    assert len(asked) > 100
    assert not {operator for entry in asked for operator in asks_for(entry["command"])} & NEVER_ASKED


async def test_a_text_with_a_meaning_elsewhere_is_a_text(api: Api) -> None:
    for taking in operations():
        sound: dict[str, Any] = STAGE.body(taking) or {}  # type: ignore[arg-type]
        for field in (name for name, value in sound.items() if isinstance(value, str)):
            for text in TEXTS:
                answer = await ask(api, taking, body=sound | {field: text})
                assert told(taking, answer), (taking.id, field, text, answer.text)


def test_an_operator_in_a_command_is_recognised() -> None:
    found = {"find": "chats", "filter": {"$or": [{"jid": {"$where": "1"}}, {"jid": "$ne"}]}, "cursor": [["$in"]]}
    assert set(asks_for(found)) == {"$or", "$where"}
