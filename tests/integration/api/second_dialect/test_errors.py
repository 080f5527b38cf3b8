"""Every documented error, to the byte, and in which order they come."""

import json
from typing import Any

import pytest
from tests.events import event
from tests.integration.api.second_dialect.conftest import Instance, System
from tests.processes import eventually

from waypost_common.documents import Collection

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER, JID = "5511999999999", "5511999999999@s.whatsapp.net"
BODIES: dict[str, dict[str, Any]] = {
    "mute": {"number": NUMBER, "mute": True},
    "archive": {"number": NUMBER, "archive": True},
    "pin": {"number": NUMBER, "pin": True},
    "markChatRead": {"number": NUMBER, "read": True},
    "deleteChat": {"number": NUMBER},
}
NAMES = list(BODIES)


def told(message: str) -> str:
    return json.dumps({"success": False, "error": {"message": message}}, separators=(",", ":"))


@pytest.mark.parametrize("name", NAMES)
async def test_a_chat_that_is_not_stored_is_404_except_for_mute(system: System, instance: Instance, name: str) -> None:
    answer = await system.ask(instance, name, BODIES[name])
    if name == "mute":
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.text) == (404, told("Chat not found"))
        assert await system.chat(instance, JID) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", ["scan_qr_code", "stopped", "failed", "starting"])
async def test_an_instance_that_is_not_connected_is_503(system: System, name: str, status: str) -> None:
    instance = await system.instance(status=status)
    answer = await system.ask(instance, name, BODIES[name])
    assert (answer.status_code, answer.text) == (503, told("Instance is not connected to WhatsApp"))
    assert answer.headers["retry-after"] == "1"
    assert await system.pipeline.database["operations"].count_documents({"session": instance.session}) == 0


@pytest.mark.parametrize("name", NAMES)
async def test_no_instance_and_another_organizations_answer_alike(system: System, instance: Instance, name: str) -> None:
    other = await system.instance()
    for unknown in ("nobody", other.session, other.label, f"{instance.session}/more", "%00", "%0A0", "a" * 1_000):
        answer = await system.ask(instance, name, BODIES[name], path=f"/api/chat/{name}/{unknown}")
        assert (answer.status_code, answer.text) == (404, told("Instance not found"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("end", ["", "/", "/%20", "/%0A"])
async def test_an_empty_instance_is_400(system: System, instance: Instance, name: str, end: str) -> None:
    answer = await system.ask(instance, name, BODIES[name], path=f"/api/chat/{name}{end}")
    assert (answer.status_code, answer.text) == (400, told("Instance name is required"))


async def test_an_instance_is_found_by_its_label(system: System, instance: Instance) -> None:
    answer = await system.ask(instance, "mute", BODIES["mute"], path=f"/api/chat/mute/{instance.label}")
    assert (answer.status_code, answer.json()["chat_jid"]) == (200, JID)
    assert await system.chat(instance, JID) is not None


async def test_a_label_may_hold_a_slash_and_any_letter(system: System) -> None:
    instance = await system.instance(label="Vendas/São Paulo ☎ 100%")
    path = "/api/chat/mute/Vendas%2FS%C3%A3o%20Paulo%20%E2%98%8E%20100%25"
    assert (await system.ask(instance, "mute", BODIES["mute"], path=path)).status_code == 200


async def test_a_label_that_two_sessions_share_names_none_of_them(system: System, instance: Instance) -> None:
    twin = await system.instance(organization=instance.organization, label=instance.label)
    answer = await system.ask(instance, "mute", BODIES["mute"], path=f"/api/chat/mute/{instance.label}")
    assert (answer.status_code, answer.text) == (404, told("Instance not found"))
    assert (await system.ask(twin, "mute", BODIES["mute"])).status_code == 200


async def test_another_organizations_session_of_the_same_label_does_not_disturb(system: System, instance: Instance) -> None:
    await system.instance(label=instance.label)
    answer = await system.ask(instance, "mute", BODIES["mute"], path=f"/api/chat/mute/{instance.label}")
    assert answer.status_code == 200


async def test_a_removed_session_is_not_found_and_frees_its_label(system: System, instance: Instance) -> None:
    twin = await system.instance(organization=instance.organization, label=instance.label)
    removal = event("session.status", {"removed": True}, session=twin.session, organization=twin.organization)
    await system.pipeline.publish([removal])

    async def removed() -> bool:
        return await system.pipeline.database[Collection.SESSIONS].find_one({"_id": twin.session, "removed": True}) is not None

    await eventually(removed, "the session is removed")
    assert (await system.ask(twin, "mute", BODIES["mute"])).text == told("Instance not found")
    assert (await system.ask(instance, "mute", BODIES["mute"], path=f"/api/chat/mute/{instance.label}")).status_code == 200


async def test_a_token_of_one_session_reaches_that_session_alone(system: System, instance: Instance) -> None:
    other = await system.instance(organization=instance.organization)
    headers = {"token": await system.token(instance.organization, session=instance.session)}
    assert (await system.ask(instance, "mute", BODIES["mute"], headers=headers)).status_code == 200
    answer = await system.ask(other, "mute", BODIES["mute"], headers=headers)
    assert (answer.status_code, answer.text) == (404, told("Instance not found"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Missing token in header"),
        ({"token": ""}, "Missing token in header"),
        ({"authorization": "Basic abc"}, "Missing token in header"),
        ({"x-api-key": "wa_unknown"}, "Missing token in header"),
        ({"token": "wa_unknown"}, "Invalid token"),
        ({"token": "a.b.c"}, "Invalid token"),
        ({"token": "w" * 5_000}, "Invalid token"),
        ({"authorization": "Bearer wa_unknown"}, "Invalid token"),
    ],
)
async def test_no_token_and_a_wrong_one_are_401(
    system: System, instance: Instance, name: str, headers: dict[str, str], message: str
) -> None:
    method = "DELETE" if name == "deleteChat" else "POST"
    answer = await system.client.request(method, f"/api/chat/{name}/{instance.session}", headers=headers, json=BODIES[name])
    assert (answer.status_code, answer.text) == (401, told(message))
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_may_come_as_a_bearer_token_and_the_token_header_comes_first(system: System, instance: Instance) -> None:
    path, body = f"/api/chat/mute/{instance.session}", BODIES["mute"]
    bearer = {"authorization": f"Bearer {instance.token}"}
    assert (await system.client.post(path, headers=bearer, json=body)).status_code == 200
    assert (await system.client.post(path, headers={"token": "wa_unknown"} | bearer, json=body)).status_code == 401
    wrong = {"token": instance.token, "authorization": "Bearer wa_unknown"}
    assert (await system.client.post(path, headers=wrong, json=body)).status_code == 200


@pytest.mark.parametrize("name", NAMES)
async def test_a_token_that_may_not_send_is_403_whatever_it_asks(system: System, instance: Instance, name: str) -> None:
    headers = {"token": await system.token(instance.organization, permissions="read,manage,events")}
    answer = await system.ask(instance, name, None, headers=headers, path=f"/api/chat/{name}/nobody")
    assert (answer.status_code, answer.text) == (403, told("Token lacks the permission to send"))


@pytest.mark.parametrize("name", NAMES)
async def test_another_method_is_405(system: System, instance: Instance, name: str) -> None:
    allowed = "DELETE" if name == "deleteChat" else "POST"
    for method in {"GET", "HEAD", "PUT", "PATCH", "OPTIONS", "POST", "DELETE"} - {allowed}:
        answer = await system.ask(instance, name, None, method=method)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
        assert answer.text == ("" if method == "HEAD" else told("Method not allowed"))


async def test_other_paths_of_the_dialect_are_404_in_its_shape(system: System, instance: Instance) -> None:
    answer = await system.ask(instance, "block", {"number": NUMBER, "block": True})
    assert (answer.status_code, answer.text) == (404, told("No such endpoint; /openapi.yaml lists them"))


@pytest.mark.parametrize("name", NAMES)
async def test_a_body_over_the_limit_is_413(system: System, instance: Instance, name: str) -> None:
    answer = await system.ask(instance, name, None, content=b" " * (1024 * 1024 + 1))
    assert (answer.status_code, answer.text) == (413, told("The body must not be longer than 1048576 bytes"))


@pytest.mark.parametrize("name", NAMES)
async def test_a_wrong_body_is_400_also_while_the_instance_is_not_connected(system: System, name: str) -> None:
    instance = await system.instance(status="stopped")
    for content, message in (
        (b"{", "Invalid request body: the body is not JSON"),
        (b"[]", "Invalid request body: the body must be a JSON object"),
        (b'{"number": 1}', "Invalid request body: number must be a string"),
        (b'{"mute": true, "archive": true, "pin": true, "read": true}', "Number is required"),
        (b'{"number": "abc"}', "Invalid number: abc"),
    ):
        answer = await system.ask(instance, name, None, content=content)
        assert (answer.status_code, answer.text) == (400, told(message))


async def test_a_duration_that_is_not_known_is_400_and_mutes_nothing(system: System, instance: Instance) -> None:
    answer = await system.ask(instance, "mute", {"number": NUMBER, "mute": True, "duration": "2h"})
    assert (answer.status_code, answer.text) == (400, told("Invalid duration: 2h"))
    assert await system.chat(instance, JID) is None


async def test_a_mute_that_is_not_said_is_400_and_no_unmute(system: System, instance: Instance) -> None:
    await system.ask(instance, "mute", BODIES["mute"])
    answer = await system.ask(instance, "mute", {"number": NUMBER})
    assert (answer.status_code, answer.text) == (400, told("Invalid request body: mute is required"))
    chat = await system.chat(instance, JID)
    assert chat is not None
    assert chat["mutedUntil"] is not None
