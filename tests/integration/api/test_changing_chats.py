import asyncio
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.integration.api.conftest import Api, eventually, is_ready, running_api
from tests.integration.api.documents import chat_document, contact_document
from tests.integration.api.pipeline_double import PipelineDouble

from waypost_api.settings import ApiSettings, HttpSettings
from waypost_common.identifiers import CommandId, EpochMs
from waypost_common.kafka import header_text
from waypost_common.outcomes import Outcome, OutcomeStatus

CHAT = "6281@s.whatsapp.net"
PATH = f"/sessions/mine/chats/{CHAT}"
FOREVER = 253_402_300_799_000


@pytest.fixture(autouse=True)
async def stored_chat(database: Any) -> None:
    await database["chats"].insert_one(chat_document(CHAT, unreadCount=2))


async def patch(api: Api, body: Any, **options: Any) -> Any:
    return await api.send("PATCH", PATH, json=body, **options)


async def test_a_change_is_answered_with_the_chat_once_it_can_be_read(live_api: Api, pipeline: PipelineDouble) -> None:
    answer = await patch(live_api, {"archived": True, "pinned": True, "mutedUntil": FOREVER})
    assert answer.status_code == 200
    chat = answer.json()
    assert (chat["archived"], chat["pinned"], chat["mutedUntil"]) == (True, True, FOREVER)
    assert await live_api.get(PATH) is not None


async def test_a_command_carries_key_headers_actor_and_only_the_fields_sent(live_api: Api, pipeline: PipelineDouble) -> None:
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    await patch(live_api, {"archived": False}, headers={"traceparent": trace})
    record, command = pipeline.records[0], pipeline.commands[0]
    assert record.key == f"mine|{CHAT}".encode()
    assert header_text(record.headers, "command") == "chat.update"
    assert header_text(record.headers, "schema") == "v1"
    assert header_text(record.headers, "traceparent") == trace
    assert command.payload.model_dump(exclude_unset=True) == {"chat_jid": CHAT, "archived": False}
    assert (command.actor.kind, command.actor.id) == ("api_key", "key_all")
    assert command.deadline - command.issued_at == 5_000


@pytest.mark.parametrize(
    "body", [{"unmute": True}, {"unmute": True, "mutedUntil": FOREVER}, {"mutedUntil": 5}, {"mutedUntil": 5.0}, {"mutedUntil": 0}]
)
async def test_unmute_and_a_time_that_has_passed_clear_the_mute(
    live_api: Api, pipeline: PipelineDouble, body: dict[str, Any]
) -> None:
    assert (await patch(live_api, body)).json()["mutedUntil"] is None
    assert pipeline.commands[0].payload.model_dump(exclude_unset=True) == {"chat_jid": CHAT, "muted_until": None}


@pytest.mark.parametrize("body", [{}, {"unmute": False}, {"unknown": 1}])
async def test_a_body_that_changes_nothing_publishes_nothing(live_api: Api, pipeline: PipelineDouble, body: Any) -> None:
    answer = await patch(live_api, body)
    assert (answer.status_code, answer.json()["jid"]) == (200, CHAT)
    assert await live_api.state["database"]["operations"].count_documents({}) == 0


@pytest.mark.parametrize("option", [{"headers": {"idempotency-key": "with a blank"}}, {"params": {"async": "perhaps"}}])
async def test_a_malformed_option_is_400_also_where_nothing_is_to_be_done(live_api: Api, option: dict[str, Any]) -> None:
    await live_api.state["database"]["sessions"].update_one({"_id": "second"}, {"$set": {"status": "logged_out"}})
    assert (await patch(live_api, {}, **option)).status_code == 400
    assert (await live_api.send("POST", "/sessions/second:logout", **option)).status_code == 400


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", None), (b"{", None), (b"[]", None), (b"null", None), (b'"text"', None), (b"[" * 10_000 + b"]" * 10_000, None),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, None), (b'{"archived": "\\ud800"}', None), (b"\xff\xfe", None),
        (b'{"archived": null}', "archived"), (b'{"archived": 1}', "archived"), (b'{"pinned": "true"}', "pinned"),
        (b'{"mutedUntil": null}', "mutedUntil"), (b'{"mutedUntil": -1}', "mutedUntil"), (b'{"mutedUntil": 1.5}', "mutedUntil"),
        (b'{"mutedUntil": 253402300799001}', "mutedUntil"), (b'{"mutedUntil": true}', "mutedUntil"),
        (b'{"mutedUntil": 1e400}', None), (b'{"mutedUntil": ' + b"9" * 400 + b"}", None),
        (b'{"unmute": "\\u0000"}', "unmute"), (b'{"archived": true, "archived": 1}', "archived"),
        (b'{"archived": {"$ne": 1}}', "archived"), (b'{"mutedUntil": 9223372036854775808}', "mutedUntil"),
        (b'{"mutedUntil": 18446744073709551616}', "mutedUntil"), (b'{"mutedUntil": 1.5e0}', "mutedUntil"),
        (b'{"mutedUntil": -1.0}', "mutedUntil"), (b'{"mutedUntil": 253402300799001.0}', "mutedUntil"),
        (b'{"mutedUntil": 1e300}', "mutedUntil"), (b'{"mutedUntil": "5"}', "mutedUntil"),
        (b'{"unmute": true, "mutedUntil": -1}', "mutedUntil"), (b'{"mutedUntil": NaN}', None),
        (b'{"mutedUntil": Infinity}', None), (b'{}\0', None), (b"{}{}", None), (b"\xef\xbb\xbf{}", None),
        ('{"archived": true}'.encode("utf-16"), None),
        (b"{'archived': true}", None), (b'{"archived": true} // now', None),
    ],
)  # fmt: skip
async def test_a_malformed_body_is_422_and_names_the_field(live_api: Api, content: bytes, field: str | None) -> None:
    answer = await live_api.send("PATCH", PATH, content=content)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "validation_error")
    if field is not None:
        assert list(error["details"]["fields"]) == [field]


async def test_a_body_over_the_limit_is_413_declared_or_chunked(live_api: Api) -> None:
    read = 0

    async def endless() -> Any:
        nonlocal read
        while True:
            read += 65_536
            yield b" " * 65_536

    declared = await live_api.send("PATCH", PATH, content=b" " * (1024 * 1024 + 1))
    chunked = await live_api.send("POST", f"{PATH}/read", content=endless())
    assert (declared.status_code, chunked.status_code) == (413, 413)
    assert chunked.json()["error"]["code"] == "validation_error"
    assert read <= 1024 * 1024 + 3 * 65_536


async def test_a_body_that_does_not_arrive_is_408(settings: ApiSettings, database: Any, topics: None) -> None:
    async def stuck() -> Any:
        yield b"{"
        await asyncio.Event().wait()

    hasty = settings.model_copy(update={"http": HttpSettings(body_timeout_s=0.1)})
    async with running_api(hasty) as api:
        await eventually(lambda: is_ready(api))
        answer = await api.send("PATCH", PATH, content=stuck())
    assert (answer.status_code, answer.json()["error"]["code"]) == (408, "validation_error")


async def test_reading_and_marking_unread_answer_the_chat(live_api: Api, pipeline: PipelineDouble) -> None:
    unread = await live_api.send("POST", f"{PATH}/unread")
    assert (unread.status_code, unread.json()["markedUnread"]) == (200, True)
    read = await live_api.send("POST", f"{PATH}/read")
    assert (read.status_code, read.json()["unreadCount"], read.json()["markedUnread"]) == (200, 0, False)


async def test_a_deleted_chat_is_204_and_then_404(live_api: Api, pipeline: PipelineDouble) -> None:
    deleted = await live_api.send("DELETE", PATH)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await live_api.send("DELETE", PATH)).status_code == 404


async def test_a_command_names_the_jid_under_which_the_chat_is_kept(
    live_api: Api, pipeline: PipelineDouble, database: Any
) -> None:
    await database["contacts"].insert_one(contact_document(CHAT, lid="9001@lid"))
    answer = await live_api.send("POST", "/sessions/mine/chats/9001%40lid/read")
    assert answer.json()["jid"] == CHAT
    assert pipeline.records[0].key == f"mine|{CHAT}".encode()


@pytest.mark.parametrize(
    ("status", "code", "http", "told"),
    [
        (OutcomeStatus.REJECTED, "not_found", 404, False),
        (OutcomeStatus.REJECTED, "conflict", 409, False),
        (OutcomeStatus.REJECTED, "rate_limited", 429, False),
        (OutcomeStatus.NOT_SUPPORTED, None, 501, False),
        (OutcomeStatus.FAILED, None, 500, True),
        (OutcomeStatus.EXPIRED, None, 503, True),
        (OutcomeStatus.UNKNOWN, None, 503, True),
    ],
)
async def test_an_outcome_other_than_success_is_answered_as_the_contract_says(
    live_api: Api, pipeline: PipelineDouble, status: OutcomeStatus, code: str | None, http: int, told: bool
) -> None:
    pipeline.status, pipeline.code = status, code
    answer = await patch(live_api, {"archived": True})
    assert answer.status_code == http
    operation = answer.json()["error"].get("details", {}).get("operation")
    assert (operation == pipeline.commands[0].id) is told
    assert ("retry-after" in answer.headers) is (http in {429, 503})


async def test_a_lost_outcome_is_found_in_the_operations_record(live_api: Api, pipeline: PipelineDouble) -> None:
    pipeline.answers = False
    assert (await patch(live_api, {"archived": True})).json()["archived"] is True


async def test_an_asynchronous_change_is_202_and_its_operation_can_be_read_at_once(
    live_api: Api, pipeline: PipelineDouble
) -> None:
    for options in ({"params": {"async": "true"}}, {"headers": {"prefer": "wait=1, respond-async"}}):
        answer = await patch(live_api, {"archived": True}, **options)
        assert answer.status_code == 202
        operation = answer.json()
        assert (operation["command"], operation["session"]) == ("chat.update", "mine")
        path = answer.headers["location"].removeprefix("/api/v1")
        assert (await live_api.get(path)).json()["id"] == operation["id"]

        async def has_succeeded(path: str = path) -> bool:
            return bool((await live_api.get(path)).json()["status"] == "succeeded")

        await eventually(has_succeeded)


async def test_an_operation_is_read_by_who_may_ask_for_its_command_and_by_nobody_else(
    live_api: Api, pipeline: PipelineDouble
) -> None:
    path = (await patch(live_api, {"archived": True}, params={"async": "1"})).headers["location"].removeprefix("/api/v1")
    assert (await live_api.get(path, key="wa_sender")).status_code == 200
    assert (await live_api.get(path, key="wa_reader")).status_code == 403
    assert (await live_api.get(path, key="wa_stranger")).status_code == 404


async def test_a_repeated_idempotency_key_gives_the_first_outcome_and_runs_nothing(
    live_api: Api, pipeline: PipelineDouble
) -> None:
    key = {"idempotency-key": "delete-1"}
    first = await live_api.send("DELETE", PATH, headers=key)
    again = await live_api.send("DELETE", PATH, headers=key)
    assert (first.status_code, again.status_code) == (204, 204)
    assert len(pipeline.commands) == 1


async def test_an_idempotency_key_used_for_another_request_is_a_conflict(live_api: Api, pipeline: PipelineDouble) -> None:
    key = {"idempotency-key": "flags-1"}
    await patch(live_api, {"archived": True}, headers=key)
    for other in (patch(live_api, {"archived": False}, headers=key), live_api.send("DELETE", PATH, headers=key)):
        answer = await other
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert len(pipeline.commands) == 1


async def test_a_repeat_waits_for_the_first_request_that_is_under_way(live_api: Api, pipeline: PipelineDouble) -> None:
    pipeline.answers = pipeline.records_outcomes = False
    key = {"idempotency-key": "slow-1"}
    async with asyncio.TaskGroup() as tasks:
        requests = [tasks.create_task(patch(live_api, {"pinned": True}, headers=key)) for _ in range(3)]
        await eventually(lambda: len(live_api.state["executor"]._waiters) == 3 and len(pipeline.commands) == 1)
        command = CommandId(pipeline.commands[0].id)
        await pipeline.publish(
            Outcome(command=command, status=OutcomeStatus.SUCCEEDED, at=EpochMs(time.time_ns() // 1_000_000), generation=1)
        )
    assert [request.result().status_code for request in requests] == [200, 200, 200]
    assert len(pipeline.commands) == 1


async def test_an_idempotency_key_of_another_organization_is_another_key(
    live_api: Api, pipeline: PipelineDouble, database: Any
) -> None:
    await database["chats"].insert_one(chat_document(CHAT, session="theirs", organization="org_theirs"))
    key = {"idempotency-key": "same"}
    await patch(live_api, {"archived": True}, headers=key)
    theirs = await live_api.send("DELETE", f"/sessions/theirs/chats/{CHAT}", key="wa_stranger", headers=key)
    assert theirs.status_code == 204


@pytest.mark.parametrize("key", ["", "k" * 256, "a b"])
async def test_a_malformed_idempotency_key_is_refused(live_api: Api, key: str) -> None:
    assert (await patch(live_api, {"archived": True}, headers={"idempotency-key": key})).status_code == 400


async def test_writes_are_503_at_once_without_kafka(api: Api) -> None:
    started = time.monotonic()
    answer = await patch(api, {"archived": True})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "gateway_unavailable")
    assert "retry-after" in answer.headers
    assert time.monotonic() - started < 1


@pytest.mark.alone
async def test_a_change_is_answered_within_the_promised_time(
    live_api: Api, pipeline: PipelineDouble, record_property: Callable[[str, object], None]
) -> None:
    pipeline.records_outcomes = False
    taken = []
    for number in range(30):
        started = time.perf_counter()
        assert (await patch(live_api, {"archived": number % 2 == 0})).status_code == 200
        taken.append(time.perf_counter() - started)
    median_s = statistics.median(taken)
    record_property("median_ms", round(median_s * 1000, 1))
    assert median_s < 0.05
