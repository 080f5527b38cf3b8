from typing import Any

import pytest
from tests.integration.api.conftest import Api, profiled
from tests.integration.api.documents import chat_document, contact_document

from waypost_common.identifiers import numeric_id

ALICE = "6281@s.whatsapp.net"
ALICE_LID = "9001@lid"


async def chats_of(database: Any, *documents: dict[str, Any]) -> None:
    await database["chats"].insert_many(documents)


async def test_a_chat_reads_as_the_contract_says(api: Api, database: Any) -> None:
    await chats_of(database, chat_document(ALICE, name="Alice", unreadCount=3, lastMessageAt=5))
    answer = await api.get(f"/sessions/mine/chats/{ALICE}")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": numeric_id("mine", ALICE),
        "sessionId": "mine",
        "jid": ALICE,
        "type": "dm",
        "name": "Alice",
        "unreadCount": 3,
        "markedUnread": False,
        "archived": False,
        "pinned": False,
        "mutedUntil": None,
        "lastMessageAt": 5,
    }


@pytest.mark.parametrize("path", [ALICE, ALICE.replace("@", "%40")])
async def test_the_at_sign_of_a_jid_may_be_encoded_or_raw(api: Api, database: Any, path: str) -> None:
    await chats_of(database, chat_document(ALICE))
    assert (await api.get(f"/sessions/mine/chats/{path}")).status_code == 200


@pytest.mark.parametrize(
    ("kept", "told", "asked"),
    [
        (ALICE, {"lid": ALICE_LID}, ALICE_LID),
        (ALICE, {"groupLid": ALICE_LID}, ALICE_LID),
        (ALICE_LID, {"phoneJid": ALICE}, ALICE),
        (ALICE_LID, {"groupPhoneJid": ALICE}, ALICE),
    ],
)
async def test_a_chat_is_found_by_the_other_form_of_the_persons_address(
    api: Api, database: Any, kept: str, told: dict[str, str], asked: str
) -> None:
    await chats_of(database, chat_document(kept))
    await database["contacts"].insert_one(contact_document(kept, **told))
    answer = await api.get(f"/sessions/mine/chats/{asked}")
    assert answer.json()["jid"] == kept


@pytest.mark.parametrize(
    ("kept", "told", "asked"),
    [
        (ALICE_LID, {"lid": ALICE_LID}, ALICE),
        (ALICE_LID, {"groupLid": ALICE_LID}, ALICE),
        (ALICE, {"phoneJid": ALICE}, ALICE_LID),
    ],
)
async def test_a_chat_is_found_by_the_form_under_which_its_person_is_a_contact(
    api: Api, database: Any, kept: str, told: dict[str, str], asked: str
) -> None:
    await chats_of(database, chat_document(kept))
    await database["contacts"].insert_one(contact_document(asked, **told))
    assert (await api.get(f"/sessions/mine/chats/{asked}")).json()["jid"] == kept


@pytest.mark.parametrize("path", ["/sessions/mine/chats/nobody@lid", "/sessions/mine/contacts/nobody@s.whatsapp.net"])
async def test_looking_for_the_other_form_of_an_address_reads_nothing_else(api: Api, database: Any, path: str) -> None:
    await database["contacts"].insert_many(
        [contact_document(f"{n}@lid", phoneJid=f"62{n}@s.whatsapp.net") for n in range(200)]
        + [contact_document(f"99{n}@s.whatsapp.net", lid=f"77{n}@lid", groupLid=f"77{n}@lid") for n in range(200)]
    )
    async with profiled(database) as queries:
        assert (await api.get(path)).status_code == 404
    asked = [query for query in queries if query["ns"].endswith(".contacts")]
    assert asked
    assert [query["docsExamined"] for query in asked] == [0] * len(asked)


async def test_an_invisible_chat_is_not_found(api: Api, database: Any) -> None:
    await chats_of(database, chat_document(ALICE, visible=False))
    answer = await api.get(f"/sessions/mine/chats/{ALICE}")
    assert (answer.status_code, answer.json()["error"]) == (404, {"code": "not_found", "message": "chat not found"})


async def test_chats_are_listed_pinned_first_then_newest_first_then_by_jid(api: Api, database: Any) -> None:
    await chats_of(
        database,
        chat_document("1@lid", lastMessageAt=10),
        chat_document("2@lid", lastMessageAt=30),
        chat_document("3@lid"),
        chat_document("4@lid", pinned=True, lastMessageAt=5),
        chat_document("5@lid", lastMessageAt=30),
        chat_document("6@lid", visible=False, lastMessageAt=99),
    )
    page = (await api.get("/sessions/mine/chats")).json()
    assert [chat["jid"] for chat in page["data"]] == ["4@lid", "2@lid", "5@lid", "1@lid", "3@lid"]
    assert page["nextCursor"] is None


async def test_pages_of_chats_follow_each_other_without_gap_or_repeat(api: Api, database: Any) -> None:
    await chats_of(database, *(chat_document(f"{number}@lid", lastMessageAt=number // 3) for number in range(25)))
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 4}
    while True:
        page = (await api.get("/sessions/mine/chats", **query)).json()
        seen += [chat["jid"] for chat in page["data"]]
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]
    whole = (await api.get("/sessions/mine/chats", limit=200)).json()
    assert seen == [chat["jid"] for chat in whole["data"]]
    assert len(seen) == 25


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"archived": "true"}, ["1@lid"]),
        ({"archived": "false"}, ["2@lid", "3@g.us"]),
        ({"unread": "true"}, ["2@lid"]),
        ({"pinned": "true"}, ["3@g.us"]),
        ({"type": "group"}, ["3@g.us"]),
        ({"type": "dm", "archived": "false"}, ["2@lid"]),
    ],
)
async def test_filters_leave_out_what_does_not_match(api: Api, database: Any, query: dict[str, str], expected: list[str]) -> None:
    await chats_of(
        database,
        chat_document("1@lid", archived=True),
        chat_document("2@lid", unreadCount=1),
        chat_document("3@g.us", pinned=True),
    )
    page = (await api.get("/sessions/mine/chats", **query)).json()
    assert sorted(chat["jid"] for chat in page["data"]) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "AAAA"}, {"cursor": "é"}, {"cursor": "x" * 10_000}, {"limit": "ten"}, {"limit": "1.5"},
        {"archived": "maybe"}, {"type": "person"}, {"cursor": "\0"}, {"limit": ["1", "1"]}, {"limit": ["1", "x"]},
        {"archived": ["true", "false"]}, {"cursor": ["", "x"]}, {"type": ["dm", "group"]}, {"limit": "٣"}, {"limit": "1\0"},
        {"limit": "1_000"}, {"limit": " 1"}, {"limit": "0x10"}, {"archived": "TRUE"},
    ],
)  # fmt: skip
async def test_a_malformed_query_is_refused(api: Api, query: dict[str, Any]) -> None:
    answer = await api.get("/sessions/mine/chats", **query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "validation_error")


@pytest.mark.parametrize(
    "other", [{"archived": "false"}, {"path": "/sessions/second/chats"}, {"path": "/sessions/mine/channels"}]
)
async def test_the_cursor_of_another_list_is_refused(api: Api, database: Any, other: dict[str, str]) -> None:
    await chats_of(database, *(chat_document(f"{number}@lid") for number in range(3)))
    cursor = (await api.get("/sessions/mine/chats", limit=1)).json()["nextCursor"]
    path = other.get("path", "/sessions/mine/chats")
    filters = {name: value for name, value in other.items() if name != "path"}
    assert (await api.get(path, cursor=cursor, **filters)).status_code == 400


@pytest.mark.parametrize(("limit", "count"), [("0", 3), ("", 3), ("-7", 1), ("2", 2), ("9" * 5_000, 3)])
async def test_a_limit_out_of_range_is_brought_into_it(api: Api, database: Any, limit: str, count: int) -> None:
    await chats_of(database, *(chat_document(f"{number}@lid") for number in range(3)))
    page = (await api.get("/sessions/mine/chats", limit=limit)).json()
    assert len(page["data"]) == count


@pytest.mark.parametrize("query", [{}, {"archived": "true"}, {"archived": "false"}, {"unread": "true"}])
async def test_a_page_of_chats_is_one_range_of_an_index(database: Any, query: dict[str, str]) -> None:
    await chats_of(database, *(chat_document(f"{n}@lid", archived=n % 2 == 0, unreadCount=n % 3) for n in range(60)))
    filters = {name: value == "true" for name, value in query.items()}
    conditions = {"session": "mine", "organization": "org_mine", "visible": True, **filters, "sortKey": {"$gt": ""}}
    of_session: Any = {"coll": "sessions", "pipeline": [{"$match": {"_id": "mine"}}]}
    pipeline = [{"$match": conditions}, {"$sort": {"sortKey": 1}}, {"$limit": 5}, {"$unionWith": of_session}]
    command = {"aggregate": "chats", "pipeline": pipeline, "cursor": {}}
    explained = await database.command({"explain": command, "verbosity": "executionStats"})
    plan = explained["stages"][0]["$cursor"]
    figures = plan["executionStats"]
    assert figures["totalDocsExamined"] == figures["nReturned"] == 5
    assert "SORT" not in str(plan["queryPlanner"]["winningPlan"]).replace("sortKey", "")
