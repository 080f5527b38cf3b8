"""401, then 403, then 404 (session, then chat), then 501, then the body, then 409."""

from typing import Any

import pytest
from tests.integration.api.conftest import Api
from tests.integration.api.documents import api_key_document, chat_document, group_document, session_document

from waypost_api.operation import Operation
from waypost_api.routes.unbuilt import OPERATIONS as UNBUILT
from waypost_api.table import OPERATIONS

ALICE = "6281@s.whatsapp.net"
GROUP = "120@g.us"
NEWSLETTER = "120@newsletter"
NAMES = {"cid": ALICE, "jid": ALICE, "gid": GROUP, "lid": ALICE, "mid": "3EB0", "id": "wh_1", "operation": "cmd_1"}


def path_of(operation: Operation, session: str = "mine") -> str:
    jid = NEWSLETTER if "/channels/" in operation.path else ALICE
    return operation.path.format(**{**NAMES, "jid": jid, "session": session})


async def status_and_code(api: Api, operation: Operation, *, key: str, session: str = "mine") -> tuple[int, str]:
    answer = await api.send(operation.method, path_of(operation, session), key=key)
    return answer.status_code, answer.json()["error"]["code"] if answer.content else ""


async def test_every_operation_needs_a_credential(api: Api) -> None:
    for operation in OPERATIONS:
        answer = await api.client.request(operation.method, f"/api/v1{path_of(operation)}")
        assert answer.status_code == 401, operation.id
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["error"]["code"] == "unauthorized"


async def test_every_operation_needs_its_capability_even_where_the_session_is_unknown(api: Api, database: Any) -> None:
    await database["api_keys"].insert_one(api_key_document("powerless", []))
    for operation in OPERATIONS:
        found = await status_and_code(api, operation, key="wa_powerless", session="none")
        assert found == (403, "forbidden"), operation.id


async def test_no_session_and_another_organizations_answer_alike_on_every_operation(api: Api, database: Any) -> None:
    await database["chats"].insert_one(chat_document(ALICE, session="theirs", organization="org_theirs"))
    for operation in OPERATIONS:
        if "{session}" not in operation.path or operation.super_admin:
            continue
        theirs = await api.send(operation.method, path_of(operation, "theirs"))
        none = await api.send(operation.method, path_of(operation, "none"))
        assert theirs.status_code == none.status_code == 404, operation.id
        assert theirs.content == none.content == b'{"error":{"code":"not_found","message":"session not found"}}'


async def test_a_restricted_key_does_not_find_another_session_of_its_organization(api: Api) -> None:
    assert (await api.get("/sessions/second", key="wa_restricted")).status_code == 404
    assert (await api.get("/sessions/mine", key="wa_restricted")).status_code == 200
    listed = (await api.get("/sessions", key="wa_restricted")).json()["data"]
    assert [session["id"] for session in listed] == ["mine"]


async def test_every_unbuilt_operation_is_501_whatever_its_body_says(api: Api, database: Any) -> None:
    await database["chats"].insert_one(chat_document(ALICE))
    await database["groups"].insert_one(group_document(GROUP))
    for operation in UNBUILT:
        if operation.super_admin:
            continue
        answer = await api.send(operation.method, path_of(operation), content=b"{not json" * 200_000)
        assert (answer.status_code, answer.json()["error"]["code"]) == (501, "not_implemented"), operation.id


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/sessions/mine/channels/{GROUP}:follow"),
        ("GET", f"/sessions/mine/channels/{GROUP}/messages"),
        ("GET", f"/sessions/mine/channels/{NEWSLETTER}"),
        ("PUT", f"/sessions/mine/chats/{ALICE}/presence"),
        ("PATCH", f"/sessions/mine/groups/{GROUP}"),
        ("PATCH", f"/sessions/mine/chats/{ALICE}"),
        ("DELETE", "/sessions/mine/chats/not-a-jid"),
        ("GET", "/sessions/mine/chats/" + "9" * 10_000 + "@lid"),
        ("GET", "/sessions/mine/chats/%00@lid"),
        ("GET", "/sessions/mine/chats/%ed%a0%80@lid"),
        ("GET", f"/sessions/{'s' * 10_000}/chats"),
        ("GET", "/sessions/%00/chats"),
        ("GET", "/sessions/mine/messages/" + "M" * 10_000 + f"?chat={ALICE}"),
        ("GET", "/sessions/mine/contacts/%F0%9F%98%80@lid"),
        ("GET", "/operations/cmd_unknown"),
    ],
)
async def test_what_is_not_stored_or_no_address_of_its_kind_is_not_found(api: Api, method: str, path: str) -> None:
    answer = await api.send(method, path, content=b"{not json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_a_removed_session_is_gone(api: Api, database: Any) -> None:
    await database["sessions"].insert_one(session_document("removed", removed=True))
    assert (await api.get("/sessions/removed")).status_code == 404
    assert (await api.get("/sessions/removed/chats")).status_code == 404
    assert "removed" not in {session["id"] for session in (await api.get("/sessions")).json()["data"]}


async def test_admin_operations_are_forbidden_to_api_keys(api: Api) -> None:
    for operation in OPERATIONS:
        if operation.super_admin:
            assert await status_and_code(api, operation, key="wa_all", session="none") == (403, "forbidden")


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/api/v1/sessions/", "/", "/api/v1/realtime"])
async def test_an_unknown_route_is_404_in_the_envelope(api: Api, path: str) -> None:
    answer = await api.client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", f"/sessions/mine/chats/{ALICE}", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("GET", "/sessions/mine:start", set()),
        ("GET", f"/sessions/mine/channels/{NEWSLETTER}:mute", {"POST"}),
        ("OPTIONS", "/sessions", {"GET", "HEAD", "POST"}),
    ],
)
async def test_a_wrong_method_is_405_with_what_is_allowed(api: Api, method: str, path: str, allowed: set[str]) -> None:
    answer = await api.client.request(method, f"/api/v1{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert {name.strip() for name in answer.headers["allow"].split(",")} == (allowed or {"POST"})


async def test_a_request_id_is_kept_when_sane_and_made_otherwise(api: Api) -> None:
    kept = await api.client.get("/healthz", headers={"x-request-id": "abc-1"})
    made = await api.client.get("/api/v1/nothing", headers={"x-request-id": "a b\tc"})
    assert kept.headers["x-request-id"] == "abc-1"
    assert made.headers["x-request-id"].startswith("req_")
