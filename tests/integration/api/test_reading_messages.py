from typing import Any

import pytest
from tests.integration.api.conftest import Api, profiled
from tests.integration.api.documents import (
    chat_document,
    contact_document,
    message_document,
    placeholder_document,
)

CHAT = "6281@s.whatsapp.net"
GROUP = "120@g.us"
NEWSLETTER = "120@newsletter"
PATH = f"/sessions/mine/chats/{CHAT}/messages"


async def store(database: Any, *messages: dict[str, Any], chat: dict[str, Any] | None = None) -> None:
    await database["chats"].insert_one(chat or chat_document(CHAT))
    await database["messages"].insert_many(messages)


async def ids(api: Api, path: str = PATH, **query: Any) -> list[str]:
    return [message["id"] for message in (await api.get(path, **query)).json()["data"]]


async def test_messages_are_newest_first_and_keep_their_log_order_within_a_second(api: Api, database: Any) -> None:
    await store(
        database,
        message_document("A", CHAT, offset=1, at=1_000),
        message_document("B", CHAT, offset=2, at=2_000),
        message_document("C", CHAT, offset=3, at=2_000),
        message_document("D", CHAT, offset=4, at=1_500),
    )
    assert await ids(api) == ["C", "B", "D", "A"]


async def test_pages_of_messages_follow_each_other_without_gap_or_repeat(api: Api, database: Any) -> None:
    await store(database, *(message_document(f"M{n}", CHAT, offset=n, at=n // 5) for n in range(23)))
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 4}
    while True:
        page = (await api.get(PATH, **query)).json()
        seen += [message["id"] for message in page["data"]]
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]
    assert seen == [f"M{n}" for n in reversed(range(23))]


async def test_other_epochs_trimmed_messages_and_placeholders_are_not_listed(api: Api, database: Any) -> None:
    await store(
        database,
        message_document("OLD", CHAT, offset=1, at=9_000, epoch=-1),
        message_document("TRIMMED", CHAT, offset=11, at=4_999, epoch=10),
        message_document("KEPT", CHAT, offset=12, at=5_000, epoch=10),
        placeholder_document("GHOST", CHAT),
        chat=chat_document(CHAT, epoch=10, trimmedBefore=5_000),
    )
    assert await ids(api) == ["KEPT"]
    for hidden in ("OLD", "TRIMMED", "GHOST"):
        assert (await api.get(f"/sessions/mine/messages/{hidden}", chat=CHAT)).status_code == 404


async def test_names_of_senders_and_mentions_are_looked_up_when_read(api: Api, database: Any) -> None:
    await database["contacts"].insert_many(
        [
            contact_document("9001@lid", groupPushName={"at": 1, "eventId": "e", "name": "~Bob"}, inGroup=True),
            contact_document("9002@lid", fullName="Carol C", pushName="caz"),
        ]
    )
    await store(database, message_document("A", CHAT, offset=1, at=1, senderLid="9001@lid", mentions=["9002@lid", "9003@lid"]))
    message = (await api.get("/sessions/mine/messages/A", chat=CHAT)).json()
    assert message["senderName"] == "~Bob"
    assert message["mentionNames"] == {"9002": "Carol C"}


@pytest.mark.parametrize(
    ("kept", "told", "shown"),
    [
        (CHAT, {"lid": "9001@lid"}, "9001@lid"),
        (CHAT, {"groupLid": "9001@lid"}, "9001@lid"),
        ("9001@lid", {"phoneJid": CHAT}, CHAT),
        ("9001@lid", {"groupPhoneJid": CHAT}, CHAT),
    ],
)
async def test_a_name_is_found_by_the_other_form_of_the_persons_address(
    api: Api, database: Any, kept: str, told: dict[str, str], shown: str
) -> None:
    await database["contacts"].insert_one(contact_document(kept, fullName="Alice", **told))
    form = "senderLid" if shown.endswith("@lid") else "senderJid"
    told_of: dict[str, Any] = {"mentions": [shown], form: shown}
    await store(database, message_document("A", GROUP, offset=1, at=1, **told_of), chat=chat_document(GROUP))
    message = (await api.get("/sessions/mine/messages/A", chat=GROUP)).json()
    assert message["senderName"] == "Alice"
    assert message["mentionNames"] == {shown.partition("@")[0]: "Alice"}


async def test_names_of_a_page_are_found_by_indexes(api: Api, database: Any) -> None:
    await database["contacts"].insert_many(
        [
            contact_document(f"{n}@lid", phoneJid=f"62{n}@s.whatsapp.net", groupPhoneJid=f"62{n}@s.whatsapp.net")
            for n in range(500)
        ]
        + [contact_document(f"99{n}@s.whatsapp.net", lid=f"77{n}@lid", groupLid=f"77{n}@lid") for n in range(500)]
    )
    mentions = [f"{n}@lid" for n in range(3)] + ["771@lid", "625@s.whatsapp.net", "991@s.whatsapp.net", "nobody@lid"]
    await store(database, message_document("A", CHAT, offset=1, at=1, mentions=mentions))
    async with profiled(database) as queries:
        await api.get(PATH)
    (query,) = [query for query in queries if query["ns"].endswith(".contacts")]
    assert query["nreturned"] == 6  # five who are mentioned, and the one who wrote
    assert query["docsExamined"] <= 12
    assert "COLLSCAN" not in query["planSummary"]


async def test_names_are_looked_up_in_parts_and_up_to_a_bound(api: Api, database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waypost_api.queries.contacts.NAMED_A_QUERY", 2)
    monkeypatch.setattr("waypost_api.queries.contacts.MAX_NAMED", 4)
    await database["contacts"].insert_many([contact_document(f"{n}@lid", fullName=f"N{n}") for n in range(6)])
    await store(database, message_document("A", CHAT, offset=1, at=1, senderLid="5@lid", mentions=[f"{n}@lid" for n in range(5)]))
    message = (await api.get(PATH)).json()["data"][0]
    assert (message["senderName"], message["mentionNames"]) == ("N5", {"0": "N0", "1": "N1", "2": "N2"})


async def test_a_deleted_message_stays_listed(api: Api, database: Any) -> None:
    deleted = message_document("A", CHAT, offset=1, at=1, deleted=True)
    del deleted["body"]
    await store(database, deleted)
    message = (await api.get(PATH)).json()["data"][0]
    assert (message["deleted"], message["body"]) == (True, None)


@pytest.mark.parametrize(("query", "status"), [({}, 400), ({"chat": "nobody"}, 400), ({"chat": "1@lid"}, 404)])
async def test_getting_a_message_needs_its_chat(api: Api, query: dict[str, str], status: int) -> None:
    assert (await api.get("/sessions/mine/messages/A", **query)).status_code == status


async def test_a_channel_never_received_from_is_an_empty_page(api: Api) -> None:
    answer = await api.get(f"/sessions/mine/channels/{NEWSLETTER}/messages")
    assert (answer.status_code, answer.json()) == (200, {"data": [], "nextCursor": ""})
    assert (await api.get(f"/sessions/mine/channels/{NEWSLETTER}/messages", cursor="AAAA")).status_code == 400


async def test_channel_messages_need_send_and_end_with_an_empty_cursor(api: Api, database: Any) -> None:
    posts = [message_document(f"P{n}", NEWSLETTER, offset=n, at=n, views=n) for n in range(3)]
    await store(database, *posts, chat=chat_document(NEWSLETTER))
    path = f"/sessions/mine/channels/{NEWSLETTER}/messages"
    assert (await api.get(path, key="wa_reader")).status_code == 403
    first = (await api.get(path, key="wa_sender", limit=2)).json()
    last = (await api.get(path, key="wa_sender", limit=2, cursor=first["nextCursor"])).json()
    assert [post["id"] for post in first["data"] + last["data"]] == ["P2", "P1", "P0"]
    assert last["nextCursor"] == ""


async def test_a_page_of_messages_is_one_range_of_an_index(api: Api, database: Any) -> None:
    await store(database, *(message_document(f"M{n}", CHAT, offset=n, at=n // 50) for n in range(200)))
    conditions = {
        "session": "mine", "organization": "org_mine", "chatJid": CHAT, "epoch": -1,
        "effectiveAt": {"$gte": -1, "$lte": 2}, "$or": [{"effectiveAt": {"$lt": 2}}, {"offset": {"$lt": 148}}],
    }  # fmt: skip
    order = [("effectiveAt", -1), ("offset", -1)]
    plan = await database["messages"].find(conditions).sort(order).limit(10).explain()
    assert plan["executionStats"]["totalDocsExamined"] <= 20
    assert "'stage': 'SORT'" not in str(plan["queryPlanner"]["winningPlan"])


async def test_messages_of_the_live_generation_are_read(api: Api, database: Any) -> None:
    await store(database, message_document("FIRST", CHAT, offset=1, at=1))
    await database["generations"].update_one({"_id": "live"}, {"$set": {"generation": 2}}, upsert=True)
    await database["sessions_g2"].insert_one({**(await database["sessions"].find_one({"_id": "mine"}))})
    await database["chats_g2"].insert_one(chat_document(CHAT))
    await database["messages_g2"].insert_one(message_document("SECOND", CHAT, offset=1, at=1))
    assert await ids(api) == ["SECOND"]
