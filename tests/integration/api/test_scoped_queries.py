"""What MongoDB is really asked over a run through all routes: bound to session and organization (rule R8), by an index."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.api.conftest import Api, profiled
from tests.integration.api.documents import (
    channel_document,
    chat_document,
    contact_document,
    group_document,
    member_document,
    message_document,
)

from waypost_api.table import OPERATIONS
from waypost_common.documents import PROJECTIONS, Collection
from waypost_common.mongo import MongoDatabase

ALICE, ALICE_LID, GROUP, NEWSLETTER = "6281@s.whatsapp.net", "9001@lid", "120@g.us", "120@newsletter"
NAMES = {"session": "mine", "gid": GROUP, "mid": "A", "id": "wh_1", "operation": "cmd_1"}
MORE = (
    f"/sessions/mine/contacts?group={GROUP}&q=ali&source=dm&limit=1",
    "/sessions/mine/chats?archived=false&unread=true&pinned=true&type=dm",
    f"/sessions/mine/messages/A?chat={ALICE}",
    f"/sessions/mine/chats/{GROUP}/messages?limit=1",
    f"/sessions/mine/contacts/{ALICE}",
)


def paths() -> Iterator[tuple[str, str]]:
    """Each operation with addresses that are kept as they are asked for, and in the other form."""
    for operation in (one for one in OPERATIONS if not one.lasts):
        for person in (ALICE, ALICE_LID):
            jid = NEWSLETTER if "/channels/" in operation.path else person
            yield operation.method, operation.path.format(**NAMES, cid=person, lid=person, jid=jid)
    for path in MORE:
        yield "GET", path


@pytest.fixture
async def asked(api: Api, database: MongoDatabase) -> list[dict[str, Any]]:
    """Everything that MongoDB was asked, writes of operations included."""
    stored: dict[str, list[dict[str, Any]]] = {
        "chats": [chat_document(ALICE), chat_document(GROUP), chat_document(NEWSLETTER)],
        "contacts": [contact_document(ALICE, lid=ALICE_LID, fullName="Alice", dm=True)],
        "groups": [group_document(GROUP)],
        "group_members": [member_document(GROUP, ALICE)],
        "channels": [channel_document(NEWSLETTER)],
        "messages": [
            message_document(mid, chat, offset=n, at=n, senderLid=ALICE_LID, mentions=[ALICE])
            for n, (mid, chat) in enumerate((mid, chat) for mid in "ABC" for chat in (ALICE, GROUP, NEWSLETTER))
        ],
    }
    for collection, documents in stored.items():
        await database[collection].insert_many(documents)
    async with profiled(database) as queries:
        for method, path in paths():
            first = await api.send(method, path, headers={"idempotency-key": "k-1"} if method != "GET" else {})
            assert first.status_code != 500, path
            cursor = first.json().get("nextCursor") if method == "GET" and first.status_code == 200 else None
            if cursor:
                assert (await api.get(path.partition("?")[0], cursor=cursor, limit=1)).status_code in {200, 400}
    return queries


def conditions(entry: dict[str, Any]) -> dict[str, Any]:
    command = entry.get("originatingCommand", entry["command"])
    if "pipeline" in command:
        command = {"filter": command["pipeline"][0]["$match"]}
    found: dict[str, Any] = command.get("filter", command.get("query", command.get("q", {})))
    return found


def beside(entry: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a pipeline asks of other collections: their names, and the conditions."""
    for stage in entry["command"].get("pipeline", [])[1:]:
        if "$unionWith" in stage:
            yield stage["$unionWith"]["coll"], stage["$unionWith"]["pipeline"][0]["$match"]
        else:
            assert stage.keys() <= {"$sort", "$limit"}


def is_bound(found: dict[str, Any], *keys: str) -> bool:
    alternatives = found.get("$or", [])
    return all(key in found for key in keys) or (bool(alternatives) and all(is_bound(one, *keys) for one in alternatives))


def collection_of(entry: dict[str, Any]) -> str:
    return str(entry["ns"].partition(".")[2])


async def test_every_query_of_a_projection_carries_session_and_organization(asked: list[dict[str, Any]]) -> None:
    seen = set()
    for entry in asked:
        collection = collection_of(entry)
        if collection in PROJECTIONS:
            seen.add(collection)
            assert entry["op"] in {"query", "getmore"} or "aggregate" in entry["command"], entry["command"]
            for other, its_conditions in beside(entry):
                assert other == Collection.SESSIONS
                assert is_bound(its_conditions, "_id", "organization")
            if collection == Collection.SESSIONS:
                # The session is what is asked for: by its id, or all of the organization.
                assert is_bound(conditions(entry), "organization")
            else:
                assert is_bound(conditions(entry), "session", "organization"), entry["command"]
                assert "mine" in str(conditions(entry))
    assert seen == {str(collection) for collection in PROJECTIONS}


async def test_every_query_of_the_bookkeeping_is_bound_to_what_it_is_asked_for(asked: list[dict[str, Any]]) -> None:
    keys = {
        Collection.OPERATIONS: ("organization",),
        Collection.API_KEYS: ("hash",),
        Collection.GENERATIONS: ("_id",),
        Collection.ADDRESSES: ("_id", "session", "organization"),
    }
    for entry in asked:
        collection = collection_of(entry)
        if collection not in PROJECTIONS and entry["op"] == "query":
            assert is_bound(conditions(entry), *keys[Collection(collection)]), entry["command"]


async def test_no_query_reads_a_whole_collection(asked: list[dict[str, Any]]) -> None:
    plans = {(collection_of(entry), entry.get("planSummary", "")) for entry in asked if entry["op"] in {"query", "command"}}
    assert len(plans) > len(PROJECTIONS)
    assert not {plan for plan in plans if "COLLSCAN" in plan[1]}
