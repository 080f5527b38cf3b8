"""Well-formed HTTP that asks for nonsense: 4xx in the envelope, never a 500, on every route."""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pymongo.errors import AutoReconnect, ExecutionTimeout, NetworkTimeout, PyMongoError, WaitQueueTimeoutError
from tests.integration.api.conftest import Api, eventually
from tests.integration.api.documents import chat_document, contact_document, group_document, message_document
from tests.integration.api.test_hostile_connections import served

from waypost_api.settings import ApiSettings
from waypost_api.table import OPERATIONS
from waypost_common.identifiers import OrganizationId

CHAT, GROUP = "6281@s.whatsapp.net", "120@g.us"
HEADERS = {"x-api-key": "wa_all"}
TEXTS = (
    "%00", "a%00b", "%2F", "..%2F..%2Fetc%2Fpasswd", "%2e%2e", "%ff", "%c0%af", "%ed%a0%80", "%F0%9F%98%80", "%0d%0aX:%20y",
    "%25", "%zz", "'%22", "$ne", "[$ne]", '{"$gt":""}', "a" * 5_000, "%E2%80%AE", "e%CC%81", "%EF%BC%A1", "~", "*", ".", "%20",
    "+", "-1", "null", "628%3A12%40s.whatsapp.net%00", "1@lid%2F..%2F", "@lid", "1@", "1@@lid", "1@LID", "%EF%BC%91@lid",
    "1:2:3@lid", "((((",
)  # fmt: skip
SHARES = 4
"""Each place gets one text in so many, each text a place in so many: all with all would take half a minute."""
QUERIES = (
    "/sessions/mine/messages/x?chat={}", "/sessions/mine/contacts?q={}", "/sessions/mine/contacts?group={}",
    "/sessions/mine/contacts?source={}", "/sessions/mine/chats?cursor={}", "/sessions/mine/chats?limit={}",
    "/sessions/mine/chats?type={}", "/sessions/mine/chats?archived={}", "/sessions/mine/channels?cursor={}",
    f"/sessions/mine/chats/{CHAT}/messages?cursor={{}}", "/sessions/mine/chats?{}", "/{}", "/sessions/mine:{}",
)  # fmt: skip
ODD_HEADERS: tuple[dict[str, str | bytes], ...] = (
    {"idempotency-key": ""}, {"idempotency-key": "a" * 256}, {"idempotency-key": b"\xe9"}, {"prefer": "respond-async," * 2_000},
    {"prefer": b"\xff"}, {"traceparent": "x" * 8_000}, {"content-type": "text/xml"}, {"content-type": ""},
    {"content-encoding": "gzip"}, {"if-match": '"x"'}, {"if-none-match": "*"}, {"range": "bytes=0-1"}, {"expect": "cake"},
    {"x-http-method-override": "DELETE"}, {"x-forwarded-for": "1" * 5_000}, {"cookie": "a" * 5_000}, {"x-request-id": "a\tb"},
    {"authorization": "Bearer"}, {"authorization": "Basic abc"}, {"authorization": "Bearer a.b.c"},
    {"authorization": "Bearer " + "a" * 60_000}, {"authorization": b"Bearer \xff\xfe"}, {"x-api-key": b"wa_\xff\xfe"},
    {"x-api-key": "wa_" + "a" * 60_000},
)  # fmt: skip


@pytest.fixture(autouse=True)
async def stored(database: Any) -> None:
    await database["chats"].insert_many([chat_document(CHAT), chat_document(GROUP)])
    await database["contacts"].insert_one(contact_document(CHAT))
    await database["groups"].insert_one(group_document(GROUP))


def paths() -> Iterator[tuple[str, str]]:
    for operation in OPERATIONS:
        for name in ("session", "cid", "jid", "gid", "lid", "mid", "id", "operation"):
            if f"{{{name}}}" in operation.path:
                known = {"session": "mine", "cid": CHAT, "gid": GROUP, "jid": CHAT, "lid": CHAT, "mid": "x"} | {name: "{}"}
                yield operation.method, operation.path.format(**known)
    for query in QUERIES:
        yield "GET", query


def is_in_order(answer: httpx.Response) -> bool:
    if answer.status_code >= 500 and answer.status_code != 501:
        return answer.status_code == 503 and "Kafka" in answer.text
    told = answer.status_code < 400 or answer.request.method == "HEAD" or "code" in answer.json()["error"]
    return told and "x-request-id" in answer.headers


async def ask(client: httpx.AsyncClient, port: int, method: str, path: str, **options: Any) -> httpx.Response:
    """The path goes out as it is."""
    raw = quote(f"/api/v1{path}", safe="/%?=&:@()[]{}$'\"*~+").encode()
    url = httpx.URL(f"http://127.0.0.1:{port}").copy_with(raw_path=raw)
    headers = HEADERS | options.pop("headers", {})
    return await client.send(httpx.Request(method, url, headers=headers, **options))


async def test_nonsense_in_any_place_of_any_path_or_query_is_answered_in_order(settings: ApiSettings) -> None:
    async with served(settings) as port, httpx.AsyncClient(timeout=20) as client:
        for number, (method, path) in enumerate(dict.fromkeys(paths())):
            for text in TEXTS[number % SHARES :: SHARES]:
                answer = await ask(client, port, method, path.replace("{}", text))
                assert is_in_order(answer), (method, path, text, answer.status_code, answer.text)


async def test_odd_methods_and_headers_are_answered_in_order(settings: ApiSettings) -> None:
    chat = f"/sessions/mine/chats/{CHAT}"
    async with served(settings) as port, httpx.AsyncClient(timeout=20) as client:
        for method in ("HEAD", "OPTIONS", "TRACE", "PUT", "POST", "PROPFIND", "PURGE", "CONNECT"):
            for path in (chat, "/sessions", "/nothing", "/openapi.yaml"):
                answer = await ask(client, port, method, path)
                assert is_in_order(answer), (method, path, answer.status_code)
                assert answer.status_code != 405 or answer.headers["allow"]
        for headers in ODD_HEADERS:
            for method, body in (("GET", None), ("PATCH", b'{"archived": 1}')):
                answer = await ask(client, port, method, chat, headers=headers, content=body)
                assert is_in_order(answer), (method, headers, answer.status_code)


async def test_an_absolute_address_is_taken_as_its_path(settings: ApiSettings) -> None:
    async with served(settings) as port, httpx.AsyncClient(timeout=20) as client:
        target = f"http://evil.example/api/v1/sessions/mine/chats/{CHAT}".encode()
        request = httpx.Request("GET", f"http://127.0.0.1:{port}/", headers=HEADERS, extensions={"target": target})
        answer = await client.send(request)
        assert (answer.status_code, answer.json()["jid"]) == (200, CHAT)


@pytest.mark.parametrize("name", ["cursor", "key"])
async def test_what_belongs_to_another_organization_opens_nothing(api: Api, database: Any, name: str) -> None:
    theirs = [chat_document(f"{n}@lid", session="theirs", organization="org_theirs") for n in range(3)]
    await database["chats"].insert_many(theirs)
    if name == "key":
        assert (await api.get("/sessions/mine/chats", key="wa_stranger")).status_code == 404
        return
    cursor = (await api.get("/sessions/theirs/chats", key="wa_stranger", limit=1)).json()["nextCursor"]
    assert (await api.get("/sessions/theirs/chats", key="wa_stranger", cursor=cursor, limit=2)).status_code == 200
    assert (await api.get("/sessions/mine/chats", cursor=cursor)).status_code == 400
    assert (await api.get("/sessions/theirs/chats", key="wa_stranger", cursor=cursor, type="dm")).status_code == 400
    assert (await api.get("/sessions/theirs/chats", cursor=cursor)).status_code == 404


@pytest.mark.parametrize("cursor_of", [f"/sessions/mine/chats/{CHAT}/messages", "/sessions/mine/contacts"])
async def test_a_cursor_of_messages_or_contacts_is_bound_to_what_it_lists(api: Api, database: Any, cursor_of: str) -> None:
    await database["messages"].insert_many(
        [message_document(f"M{n}", chat, offset=n, at=n) for n in range(3) for chat in (CHAT, GROUP)]
    )
    await database["contacts"].insert_many([contact_document(f"{n}@lid") for n in range(3)])
    cursor = (await api.get(cursor_of, limit=1)).json()["nextCursor"]
    assert (await api.get(cursor_of, limit=2, cursor=cursor)).status_code == 200
    others = (f"/sessions/mine/chats/{GROUP}/messages", "/sessions/mine/contacts?q=a", "/sessions/mine/contacts?source=dm")
    for other in others:
        path, _, query = other.partition("?")
        filters = dict([query.split("=")]) if query else {}
        assert (await api.get(path, cursor=cursor, **filters)).status_code == 400, other


@pytest.mark.parametrize("stored_as", ["Jose\u0301", "Jos\u00e9"])
@pytest.mark.parametrize("asked", ["JOSE\u0301", "jos\u00e9", "os\u00e9 ", "s\u00c9"])
async def test_a_name_is_found_however_its_accent_is_written(api: Api, database: Any, stored_as: str, asked: str) -> None:
    await database["contacts"].insert_one(contact_document("9@lid", fullName=f"{stored_as} Lima"))
    found = (await api.get("/sessions/mine/contacts", q=asked)).json()["data"]
    assert [contact["lid"] for contact in found] == ["9@lid"]


@pytest.mark.parametrize(
    "path", ["/sessions/mine/contacts?q=a", "/sessions/mine/contacts?source=dm", "/sessions/mine/chats?type=dm"]
)
async def test_searches_of_one_organization_leave_room_for_others(api: Api, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    released = asyncio.Event()

    async def no_contacts(*_arguments: Any, **_keywords: Any) -> list[Any]:
        await released.wait()
        return []

    async def no_chats(*_arguments: Any, **_keywords: Any) -> tuple[bool, list[Any]]:
        return True, await no_contacts()

    monkeypatch.setattr("waypost_api.queries.contacts.list_contacts", no_contacts)
    monkeypatch.setattr("waypost_api.queries.chats.list_chats", no_chats)
    most = api.state["settings"].reads.searches_per_organization
    async with asyncio.TaskGroup() as tasks:
        searches = [tasks.create_task(api.client.get(f"/api/v1{path}", headers=HEADERS)) for _ in range(most)]
        await eventually(lambda: api.state["searches"].is_full(OrganizationId("org_mine")))
        refused = await api.client.get(f"/api/v1{path}", headers=HEADERS)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert (await api.get("/sessions", key="wa_stranger")).status_code == 200
        assert (await api.get("/sessions")).status_code == 200
        released.set()
    assert {search.result().status_code for search in searches} == {200}
    assert (await api.client.get(f"/api/v1{path}", headers=HEADERS)).status_code == 200


@pytest.mark.parametrize(
    "error", [NetworkTimeout("slow"), ExecutionTimeout("slow", 50), WaitQueueTimeoutError("busy"), AutoReconnect("closed")]
)
async def test_a_search_that_takes_too_long_shuts_nobody_else_out(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: PyMongoError
) -> None:
    async def slow(*_arguments: Any, **_keywords: Any) -> None:
        raise error

    monkeypatch.setattr("waypost_api.queries.contacts.list_contacts", slow)
    assert (await api.get("/sessions/mine/contacts", q="zzz")).status_code == 503
    assert (await api.get("/sessions/mine/chats", key="wa_reader")).status_code == 200
