"""A person's chat is named by either of their addresses, in paths, filters and bodies alike."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from tests.integration.api.conftest import Api, in_a_task_of_its_own, profiled
from tests.integration.api.connector_double import ConnectorDouble
from tests.integration.api.documents import (
    ORGANIZATION,
    OTHER_ORGANIZATION,
    chat_document,
    contact_document,
    message_document,
    session_document,
)
from tests.integration.api.pipeline_double import PipelineDouble

from waypost_api.settings import ApiSettings
from waypost_api.table import OPERATIONS
from waypost_common.commands import CommandEnvelope
from waypost_common.mongo import MongoDatabase

PHONE, LID = "6281@s.whatsapp.net", "9001@lid"
FORMS: Final = [(PHONE, LID), (LID, PHONE)]
"""The address that was chosen, and the other one."""
BY_CHAT: Final = sorted(operation.id for operation in OPERATIONS if "{cid}" in operation.path)
PATHS: Final = {operation.id: (operation.method, operation.path) for operation in OPERATIONS}
MESSAGE: Final = "/sessions/mine/messages/3EB0A1"
IN_BODIES: Final = [
    ("POST", "/sessions/mine/messages", "to", {"type": "text", "text": "Hello"}),
    ("PATCH", MESSAGE, "chat", {"text": "Hello!"}),
    ("DELETE", MESSAGE, "chat", {}),
    ("POST", f"{MESSAGE}/reaction", "chat", {"emoji": "🎈"}),
    ("DELETE", f"{MESSAGE}/reaction", "chat", {}),
]
LIVE: Final = ["message.send", "message.edit", "message.revoke", "message.react"]


def address(jid: str, chosen: str, *, session: str = "mine", organization: str = ORGANIZATION) -> dict[str, Any]:
    """As a connector stores it."""
    return {"_id": f"{session}|{jid}", "session": session, "organization": organization, "jid": jid, "chosen": chosen}


def kept(chosen: str) -> list[dict[str, Any]]:
    """What a connector that knows both addresses has stored of the person."""
    return [address(jid, chosen) for jid in (LID, PHONE) if jid == LID or chosen == LID]


@pytest.fixture
async def connector(settings: ApiSettings, topics: None) -> AsyncIterator[ConnectorDouble]:
    async with in_a_task_of_its_own(ConnectorDouble.running(settings.kafka)) as double:
        yield double


def named_chat(command: CommandEnvelope) -> str:
    payload = command.model_dump()["payload"]
    return str(payload.get("to", payload.get("chat_jid")))


async def ask(api: Api, operation: str, chat: str) -> Any:
    method, path = PATHS[operation]
    return await api.send(method, path.format(session="mine", cid=chat), json={"pinned": True} if method == "PATCH" else None)


@pytest.mark.parametrize(("chosen", "asked"), FORMS)
async def test_every_operation_on_a_chat_finds_it_by_the_other_address(
    live_api: Api, pipeline: PipelineDouble, database: MongoDatabase, chosen: str, asked: str
) -> None:
    await database["contacts"].insert_one(contact_document(chosen, **({"lid": LID} if chosen == PHONE else {"phoneJid": PHONE})))
    for operation in BY_CHAT:
        await database["chats"].delete_many({})
        assert (await ask(live_api, operation, asked)).status_code == 404, operation
        await database["chats"].insert_one(chat_document(chosen))
        answer = await ask(live_api, operation, asked)
        assert answer.status_code == (501 if operation == "setChatPresence" else 204 if operation == "deleteChat" else 200)
        if answer.status_code == 200 and "data" not in answer.json():
            assert answer.json()["jid"] == chosen
    assert {"getChat", "updateChat", "deleteChat", "readChat", "unreadChat", "listChatMessages"} <= set(BY_CHAT)
    assert {named_chat(command) for command in pipeline.commands} == {chosen}


@pytest.mark.parametrize(("chosen", "asked"), FORMS)
async def test_a_chat_is_found_by_what_the_connector_has_kept_before_any_contact_tells(
    api: Api, database: MongoDatabase, chosen: str, asked: str
) -> None:
    await database["chats"].insert_one(chat_document(chosen))
    await database["addresses"].insert_many(kept(chosen))
    for jid in (chosen, asked):
        answer = await api.get(f"/sessions/mine/chats/{jid}")
        assert (answer.status_code, answer.json()["jid"]) == (200, chosen)


@pytest.mark.parametrize(("chosen", "asked"), FORMS)
async def test_a_message_is_read_by_either_address_of_its_chat(
    api: Api, database: MongoDatabase, chosen: str, asked: str
) -> None:
    await database["chats"].insert_one(chat_document(chosen))
    await database["messages"].insert_one(message_document("A", chosen, offset=1, at=1))
    assert (await api.get("/sessions/mine/messages/A", chat=asked)).status_code == 404
    await database["addresses"].insert_many(kept(chosen))
    assert (await api.get("/sessions/mine/messages/A", chat=asked)).json()["chatJid"] == chosen


async def test_what_another_session_or_organization_has_kept_tells_nothing(api: Api, database: MongoDatabase) -> None:
    await database["chats"].insert_many([chat_document(PHONE), chat_document(PHONE, session="second")])
    await database["addresses"].insert_many(
        [
            address(LID, PHONE, session="second"),
            address("9002@lid", PHONE, organization=OTHER_ORGANIZATION),
            address(LID, PHONE, session="theirs", organization=OTHER_ORGANIZATION),
        ]
    )
    assert (await api.get(f"/sessions/mine/chats/{LID}")).status_code == 404
    assert (await api.get("/sessions/mine/chats/9002@lid")).status_code == 404
    assert (await api.get(f"/sessions/second/chats/{LID}")).status_code == 200
    assert (await api.get(f"/sessions/theirs/chats/{LID}")).status_code == 404


@pytest.mark.parametrize(("chosen", "asked"), FORMS)
async def test_what_is_asked_of_whatsapp_goes_to_the_chosen_address(
    live_api: Api, connector: ConnectorDouble, database: MongoDatabase, chosen: str, asked: str
) -> None:
    working = {"operations": LIVE, "status": "working"}
    await database["sessions"].update_one({"_id": "mine"}, {"$set": working})
    await database["sessions"].insert_one(session_document("third") | working)
    await database["addresses"].insert_many(kept(chosen))
    for method, path, field, body in IN_BODIES:
        connector.result = {"waMessageId": "3EB0B2", "timestamp": 1}
        for jid in (asked, chosen):
            answer = await live_api.send(method, path, json={**body, field: jid})
            assert answer.status_code == 200, answer.text
            assert named_chat(connector.commands[-1]) == chosen
        unknown = await live_api.send(method, path.replace("mine", "third"), json={**body, field: asked})
        assert (unknown.status_code, named_chat(connector.commands[-1])) == (200, asked)


async def test_a_repeated_request_is_the_same_one_though_the_address_was_chosen_meanwhile(
    live_api: Api, connector: ConnectorDouble, database: MongoDatabase
) -> None:
    await database["sessions"].update_one({"_id": "mine"}, {"$set": {"operations": LIVE, "status": "working"}})
    connector.result = {"waMessageId": "3EB0B2", "timestamp": 1}

    async def send() -> Any:
        body = {"type": "text", "text": "Hello", "to": LID}
        return await live_api.send("POST", "/sessions/mine/messages", json=body, headers={"idempotency-key": "k"})

    assert (await send()).status_code == 200
    finished = {"status": "succeeded", "finishedAt": 1, "result": connector.result}
    await database["operations"].update_one({"_id": connector.commands[0].id}, {"$set": finished})
    await database["addresses"].insert_many(kept(PHONE))
    assert (await send()).json()["replayed"] is True
    assert len(connector.commands) == 1


@pytest.mark.parametrize("asked", [PHONE, LID])
async def test_what_is_kept_is_looked_up_by_its_id(api: Api, database: MongoDatabase, asked: str) -> None:
    await database["addresses"].insert_many([address(f"77{n}@lid", f"62{n}@s.whatsapp.net") for n in range(200)] + kept(LID))
    async with profiled(database) as queries:
        assert (await api.get(f"/sessions/mine/chats/{asked}")).status_code == 404
    looked_up = [query for query in queries if query["ns"].endswith(".addresses")]
    assert [(query["docsExamined"], query["keysExamined"]) for query in looked_up] == [(1, 1)]
