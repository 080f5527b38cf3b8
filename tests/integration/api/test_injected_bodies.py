"""Operators of MongoDB, and other texts with a meaning somewhere, in every field of every body: values, or refused."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from tests.end_to_end.live.examples import Stage
from tests.integration.api.conftest import Api, profiled
from tests.integration.api.documents import channel_document, chat_document, group_document, message_document
from tests.integration.api.test_hostile_requests import is_in_order

from waypost_api.operation import Operation
from waypost_api.table import OPERATIONS
from waypost_common.mongo import MongoDatabase

PERSON, GROUP, CHANNEL = "6281@s.whatsapp.net", "120@g.us", "120@newsletter"
STAGE: Final = Stage(
    session="mine", person=PERSON, another="6282@s.whatsapp.net", group=GROUP, channel=CHANNEL, lid="9001@lid",
    message="M1", operation="cmd_1",
)  # fmt: skip
MARK: Final = "injected"
OBJECTS: Final = ({"$gt": ""}, {"$ne": None}, {"$where": f"throw '{MARK}'"}, {"$regex": ".*"}, ["$gt"], [{"$gt": ""}])
TEXTS: Final = ("\0", f"a\0{MARK}", "$gt", "$where", "sessions.$id", ".*", "^(a+)+$", "'; return true; //", "\ud7ff", "{{7*7}}")


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


def bodies() -> Iterator[tuple[Operation, dict[str, Any]]]:
    for operation in OPERATIONS:
        body = STAGE.body(operation)  # type: ignore[arg-type]  # its id is all that is looked at
        if body:
            yield operation, body


async def injected(api: Api, operation: Operation, body: Any) -> Any:
    path = operation.path.format(**{"session": "mine", "instance": "mine", "id": "wh_1", **STAGE.names})
    return await api.send(operation.method, path, json=body)


async def test_an_operator_where_a_value_belongs_is_refused(api: Api, database: MongoDatabase) -> None:
    tried = 0
    async with profiled(database) as asked:
        for operation, body in bodies():
            for field in body:
                for value in OBJECTS:
                    answer = await injected(api, operation, body | {field: value})
                    assert answer.status_code in {400, 422, 501}, (operation.id, field, value, answer.text)
                    tried += answer.status_code != 501
            for whole in (body | {"$where": MARK}, {"$gt": MARK}, {"$set": {"organization": MARK}}, [{"$gt": MARK}]):
                assert is_in_order(await injected(api, operation, whole)), (operation.id, whole)
    assert tried > 50
    assert not [entry for entry in asked if MARK in str(entry["command"])]


async def test_a_text_with_a_meaning_elsewhere_is_a_text(api: Api) -> None:
    for operation, body in bodies():
        for field in (name for name, value in body.items() if isinstance(value, str)):
            for text in TEXTS:
                answer = await injected(api, operation, body | {field: text})
                assert is_in_order(answer), (operation.id, field, text, answer.text)
