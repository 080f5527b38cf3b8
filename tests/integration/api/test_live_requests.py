"""Requests that reach WhatsApp: refused with 501 before anything is published, or carried to the connector and answered."""

from typing import Any

import pytest
from tests.integration.api.conftest import Api, in_a_task_of_its_own
from tests.integration.api.connector_double import ConnectorDouble

from waypost_api.settings import ApiSettings
from waypost_common.outcomes import OutcomeStatus

CHANNEL = "120363012345678901@newsletter"
ALICE = "6281234567890@s.whatsapp.net"
BASE = "/sessions/mine"
EVERYTHING = [
    "channel.create", "channel.follow", "channel.unfollow", "channel.mute",
    "message.send", "message.edit", "message.revoke", "message.react",
]  # fmt: skip
REQUESTS: list[tuple[str, str, Any]] = [
    ("POST", f"{BASE}/channels", {"name": "News"}),
    ("POST", f"{BASE}/channels/{CHANNEL}:follow", None),
    ("POST", f"{BASE}/channels/{CHANNEL}:unfollow", None),
    ("POST", f"{BASE}/channels/{CHANNEL}:mute", {}),
    ("POST", f"{BASE}/messages", {"type": "text", "to": ALICE, "text": "Hello"}),
    ("PATCH", f"{BASE}/messages/3EB0A1", {"chat": ALICE, "text": "Hello!"}),
    ("DELETE", f"{BASE}/messages/3EB0A1", {"chat": ALICE}),
    ("POST", f"{BASE}/messages/3EB0A1/reaction", {"chat": ALICE, "emoji": "👍"}),
    ("DELETE", f"{BASE}/messages/3EB0A1/reaction", {"chat": ALICE}),
]


@pytest.fixture
async def connector(settings: ApiSettings, topics: None) -> Any:
    async with in_a_task_of_its_own(ConnectorDouble.running(settings.kafka)) as double:
        yield double


@pytest.fixture
async def able(database: Any) -> None:
    """The session's connector lists every operation."""
    await database["sessions"].update_one({"_id": "mine"}, {"$set": {"operations": EVERYTHING, "status": "working"}})


async def ask(api: Api, method: str, path: str, body: Any = None, **options: Any) -> Any:
    return await api.send(method, path, **({} if body is None else {"json": body}), **options)


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
async def test_what_no_connector_offers_is_501_whatever_the_body_says(api: Api, method: str, path: str, body: Any) -> None:
    for sent in (body, {"name": 5}, None):
        answer = await ask(api, method, path, sent)
        assert (answer.status_code, answer.json()["error"]["code"]) == (501, "not_implemented")


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
async def test_a_session_that_is_not_working_is_501_with_another_message(
    api: Api, database: Any, able: None, method: str, path: str, body: Any
) -> None:
    await database["sessions"].update_one({"_id": "mine"}, {"$set": {"status": "stopped"}})
    answer = await ask(api, method, path, body)
    assert answer.status_code == 501
    assert answer.json()["error"]["message"] == "the session is stopped, not working: start it first"


async def test_a_session_whose_backend_has_no_topic_is_501(api: Api, database: Any, able: None) -> None:
    await database["sessions"].update_one({"_id": "mine"}, {"$set": {"backend": "of another product"}})
    answer = await ask(api, *REQUESTS[4])
    assert answer.status_code == 501
    assert answer.json()["error"]["message"] == "no connector of this system serves the backend of this session"


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
async def test_the_session_is_looked_up_before_anything_else(api: Api, method: str, path: str, body: Any) -> None:
    answer = await ask(api, method, path.replace("mine", "theirs"), body)
    assert answer.status_code == 404
    assert (await ask(api, method, path, body, key="wa_reader")).status_code == 403


@pytest.mark.parametrize("action", [":follow", ":unfollow", ":mute"])
async def test_what_is_no_channel_is_404_before_501(api: Api, action: str) -> None:
    for jid in (ALICE, "nonsense"):
        assert (await ask(api, "POST", f"{BASE}/channels/{jid}{action}")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/channels", {}),
        ("POST", "/channels", {"name": ""}),
        ("POST", "/channels", {"name": " "}),
        ("POST", "/channels", {"name": "x" * 101}),
        ("POST", "/channels", {"name": 5}),
        ("POST", f"/channels/{CHANNEL}:mute", {"mute": "yes"}),
        ("POST", "/messages", {"to": ALICE, "text": "Hello"}),
        ("POST", "/messages", {"type": "song", "to": ALICE, "text": "Hello"}),
        ("POST", "/messages", {"type": "text", "to": "alice", "text": "Hello"}),
        ("POST", "/messages", {"type": "text", "to": ALICE}),
        ("POST", "/messages", {"type": "text", "to": ALICE, "text": ""}),
        ("POST", "/messages", {"type": "text", "to": ALICE, "text": "x" * 65_537}),
        ("POST", "/messages", {"type": "text", "to": ALICE, "text": "x", "replyTo": "a b"}),
        ("POST", "/messages", {"type": "text", "to": ALICE, "text": "x", "mentions": [CHANNEL]}),
        ("PATCH", "/messages/3EB0A1", {"chat": ALICE}),
        ("PATCH", "/messages/3EB0A1", {"chat": "alice", "text": "x"}),
        ("DELETE", "/messages/3EB0A1", {}),
        ("DELETE", "/messages/3EB0A1", {"chat": ALICE, "sender": CHANNEL}),
        ("POST", "/messages/3EB0A1/reaction", {"chat": ALICE}),
        ("POST", "/messages/3EB0A1/reaction", {"chat": ALICE, "emoji": ""}),
    ],
)
async def test_a_malformed_body_is_400_and_names_the_field(api: Api, able: None, method: str, path: str, body: Any) -> None:
    answer = await ask(api, method, BASE + path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "validation_error")
    assert answer.json()["error"]["details"]["fields"]


@pytest.mark.parametrize("kind", ["poll", "location", "contact", "image", "video", "audio", "document", "sticker"])
async def test_other_kinds_of_messages_are_501(api: Api, able: None, kind: str) -> None:
    assert (await ask(api, "POST", f"{BASE}/messages", {"type": kind, "to": ALICE})).status_code == 501


async def test_a_created_channel_is_201_with_its_jid(live_api: Api, able: None, connector: ConnectorDouble) -> None:
    connector.result = {"jid": CHANNEL}
    answer = await ask(live_api, "POST", f"{BASE}/channels", {"name": "News", "description": "Daily"})
    assert (answer.status_code, answer.json()) == (201, {"jid": CHANNEL})
    (command,) = connector.commands
    assert command.payload.model_dump() == {"name": "News", "description": "Daily"}
    assert connector.records[0].key == b"mine"
    assert command.deadline - command.issued_at == 30_000


@pytest.mark.parametrize("body", [b"", b"  ", b"{}", b'{"mute": true}'])
async def test_muting_a_channel_needs_no_body(live_api: Api, able: None, connector: ConnectorDouble, body: bytes) -> None:
    answer = await live_api.send("POST", f"{BASE}/channels/{CHANNEL}:mute", content=body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert connector.commands[0].payload.model_dump() == {"jid": CHANNEL, "mute": True}


async def test_a_sent_message_is_answered_with_its_id_and_time(live_api: Api, able: None, connector: ConnectorDouble) -> None:
    connector.result = {"waMessageId": "3EB0B2", "timestamp": 1_719_662_400_000}
    body = {"type": "text", "to": ALICE, "text": "Hello", "replyTo": "3EB0A1", "mentions": [ALICE]}
    headers = {"Idempotency-Key": "one"}
    first = await ask(live_api, "POST", f"{BASE}/messages", body, headers=headers)
    (command,) = connector.commands
    assert first.status_code == 200
    assert first.json() == {
        "mode": "sync",
        "outboxId": command.id,
        "replayed": False,
        "status": "sent",
        "timestamp": 1_719_662_400_000,
        "waMessageId": "3EB0B2",
    }
    operations = live_api.state["database"]["operations"]
    outcome = {"status": "succeeded", "finishedAt": 1_719_662_400_001, "result": connector.result}
    await operations.update_one({"_id": command.id}, {"$set": outcome})
    again = await ask(live_api, "POST", f"{BASE}/messages", body, headers=headers)
    assert again.json() == first.json() | {"replayed": True}
    other = await ask(live_api, "POST", f"{BASE}/messages", body | {"text": "Other"}, headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")
    assert len(connector.commands) == 1


async def test_an_asynchronous_message_is_202_and_may_wait_for_the_send_limits(
    live_api: Api, able: None, connector: ConnectorDouble
) -> None:
    answer = await ask(live_api, "POST", f"{BASE}/messages?async=true", {"type": "text", "to": ALICE, "text": "Hello"})
    assert answer.status_code == 202
    told = answer.json()
    assert (told["mode"], told["status"], told["waMessageId"]) == ("async", "pending", None)
    assert answer.headers["location"] == f"/api/v1/operations/{told['outboxId']}"
    assert (await live_api.get(f"/operations/{told['outboxId']}")).json()["command"] == "message.send"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (OutcomeStatus.REJECTED, "not_found", 404),
        (OutcomeStatus.REJECTED, "forbidden", 403),
        (OutcomeStatus.REJECTED, "validation_error", 400),
        (OutcomeStatus.NOT_SUPPORTED, None, 501),
        (OutcomeStatus.FAILED, None, 500),
        (OutcomeStatus.EXPIRED, None, 503),
        (OutcomeStatus.UNKNOWN, None, 503),
    ],
)
async def test_what_became_of_it_is_told(
    live_api: Api, able: None, connector: ConnectorDouble, status: OutcomeStatus, code: str | None, expected: int
) -> None:
    connector.status, connector.code = status, code
    answer = await ask(live_api, "DELETE", f"{BASE}/messages/3EB0A1", {"chat": ALICE})
    assert answer.status_code == expected
    if expected in (500, 503):
        assert answer.json()["error"]["details"]["operation"] == connector.commands[0].id


async def test_a_send_limit_is_429_and_says_when_to_try_again(live_api: Api, able: None, connector: ConnectorDouble) -> None:
    connector.status, connector.code, connector.result = OutcomeStatus.REJECTED, "rate_limited", {"retryAfterSeconds": 12.3}
    answer = await ask(live_api, "POST", f"{BASE}/messages", {"type": "text", "to": ALICE, "text": "Hello"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "13")
    assert answer.json()["error"]["details"] == {"retryAfterSeconds": 13}
