"""Sessions over HTTP: what is wanted of one, how it is paired, and what nobody but its organization may know."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.integration.api.conftest import Api, eventually, in_a_task_of_its_own
from tests.integration.api.connector_double import ConnectorDouble
from tests.integration.api.documents import session_document
from tests.integration.api.pipeline_double import PipelineDouble

from waypost_api.settings import ApiSettings
from waypost_common.outcomes import OutcomeStatus

FAR = 253_402_300_799_000
CHANGES = [("POST", ":start"), ("POST", ":stop"), ("POST", ":restart"), ("POST", ":logout"), ("DELETE", "")]
READS = [("GET", "/me"), ("GET", "/qr")]


@pytest.fixture
async def connector(settings: ApiSettings, topics: None) -> AsyncIterator[ConnectorDouble]:
    async with in_a_task_of_its_own(ConnectorDouble.running(settings.kafka)) as double:
        yield double


@pytest.fixture
async def unpaired(database: Any) -> None:
    await database["sessions"].insert_one(session_document("new") | {"status": "stopped", "waJid": None})


async def update(database: Any, session: str, **fields: Any) -> None:
    await database["sessions"].update_one({"_id": session}, {"$set": fields})


@pytest.mark.parametrize(("method", "action"), [*CHANGES, *READS, ("POST", "/pairing-code")])
async def test_another_organizations_session_is_404_and_a_reader_may_not(api: Api, method: str, action: str) -> None:
    assert (await api.send(method, f"/sessions/theirs{action}")).status_code == 404
    assert (await api.send(method, f"/sessions/none{action}")).status_code == 404
    assert (await api.send(method, f"/sessions/mine{action}", key="wa_reader")).status_code == 403


async def test_a_new_session_is_201_and_stopped_unless_it_is_to_start(live_api: Api, pipeline: PipelineDouble) -> None:
    made = await live_api.send("POST", "/sessions", json={"label": "Support"})
    assert made.status_code == 201
    assert (made.json()["label"], made.json()["status"], made.json()["organizationId"]) == ("Support", "stopped", "org_mine")
    started = await live_api.send("POST", "/sessions", json={"start": True, "autoRead": True})
    assert (started.json()["autoRead"], started.json()["status"]) == (True, "starting")
    assert started.json()["id"] != made.json()["id"]
    first, second = pipeline.commands
    assert (first.session, first.payload.model_dump(exclude_none=True)) == (
        made.json()["id"],
        {"label": "Support", "start": False},
    )
    assert second.payload.model_dump(exclude_none=True) == {"auto_read": True, "start": True}


async def test_a_new_session_needs_no_body(live_api: Api, pipeline: PipelineDouble) -> None:
    assert (await live_api.send("POST", "/sessions")).status_code == 201


@pytest.mark.parametrize("body", [{"label": 5}, {"label": "x" * 201}, {"start": "yes"}, [], {"autoRead": 1}])
async def test_a_malformed_new_session_is_400(api: Api, body: Any) -> None:
    assert (await api.send("POST", "/sessions", json=body)).status_code == 400


async def test_a_key_of_one_session_makes_no_others(api: Api) -> None:
    assert (await api.send("POST", "/sessions", key="wa_restricted")).status_code == 403


async def test_a_session_is_made_once_for_each_idempotency_key(live_api: Api, pipeline: PipelineDouble) -> None:
    headers = {"Idempotency-Key": "one"}
    first = await live_api.send("POST", "/sessions", json={"label": "A"}, headers=headers)
    again = await live_api.send("POST", "/sessions", json={"label": "A"}, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert (await live_api.send("POST", "/sessions", json={"label": "B"}, headers=headers)).status_code == 409
    assert len(pipeline.commands) == 1


async def test_a_session_that_is_deleted_again_is_not_made_anew_under_the_same_key(
    live_api: Api, pipeline: PipelineDouble
) -> None:
    headers = {"Idempotency-Key": "one"}
    made = (await live_api.send("POST", "/sessions", headers=headers)).json()["id"]
    assert (await live_api.send("DELETE", f"/sessions/{made}")).status_code == 204
    again = await live_api.send("POST", "/sessions", headers=headers)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")


async def test_a_deleted_session_is_204_and_then_404(live_api: Api, pipeline: PipelineDouble) -> None:
    assert (await live_api.send("DELETE", "/sessions/mine")).status_code == 204
    assert (await live_api.send("DELETE", "/sessions/mine")).status_code == 404
    assert (await live_api.get("/sessions/mine")).status_code == 404


async def test_the_request_that_deleted_a_session_is_answered_again_under_its_key(
    live_api: Api, pipeline: PipelineDouble
) -> None:
    headers = {"Idempotency-Key": "one"}
    for _ in range(2):
        assert (await live_api.send("DELETE", "/sessions/mine", headers=headers)).status_code == 204
    assert (await live_api.send("DELETE", "/sessions/none", headers=headers)).status_code == 404
    assert (await live_api.send("POST", "/sessions/mine:stop", headers=headers)).status_code == 404
    assert len(pipeline.commands) == 1


async def test_stop_answers_once_the_session_has_stopped(live_api: Api, pipeline: PipelineDouble, database: Any) -> None:
    async def follow() -> None:
        await eventually(lambda: bool(pipeline.commands))
        await update(database, "mine", status="stopped")

    async with asyncio.TaskGroup() as tasks:
        stopping = tasks.create_task(live_api.send("POST", "/sessions/mine:stop"), name="stop")
        tasks.create_task(follow(), name="connector")
    assert (stopping.result().status_code, stopping.result().json()["status"]) == (200, "stopped")
    again = await live_api.send("POST", "/sessions/mine:stop")
    assert (again.status_code, again.json()["status"]) == (200, "stopped")


@pytest.mark.slow
async def test_start_answers_after_a_few_seconds_with_the_session_as_it_is(
    live_api: Api, pipeline: PipelineDouble, database: Any
) -> None:
    await update(database, "mine", status="starting")
    answer = await live_api.send("POST", "/sessions/mine:start")
    assert (answer.status_code, answer.json()["status"]) == (200, "starting")


async def test_logging_out_what_is_logged_out_changes_nothing(api: Api, database: Any) -> None:
    await update(database, "mine", status="logged_out")
    assert (await api.send("POST", "/sessions/mine:logout")).json()["status"] == "logged_out"


async def test_logging_out_what_was_never_paired_changes_nothing(api: Api, database: Any, unpaired: None) -> None:
    await update(database, "new", desired="stopped", operations=None)
    answer = await api.send("POST", "/sessions/new:logout")
    assert (answer.status_code, answer.json()["status"]) == (200, "stopped")


@pytest.mark.parametrize("action", [":restart", ":logout"])
async def test_without_a_connector_that_offers_it_restart_and_logout_are_501(api: Api, action: str) -> None:
    assert (await api.send("POST", f"/sessions/mine{action}")).status_code == 501


async def test_restart_and_logout_reach_the_connector_whatever_the_status(
    live_api: Api, connector: ConnectorDouble, database: Any
) -> None:
    await update(database, "mine", operations=["session.restart", "session.logout"], status="scan_qr_code")
    assert (await live_api.send("POST", "/sessions/mine:restart")).status_code == 200
    assert [command.command for command in connector.commands] == ["session.restart"]


async def test_me_tells_who_the_session_is(api: Api, database: Any, unpaired: None) -> None:
    await update(database, "mine", waJid="6281@s.whatsapp.net", waLid="9@lid", phoneNumber="6281")
    assert (await api.get("/sessions/mine/me")).json() == {
        "sessionId": "mine",
        "status": "working",
        "connected": True,
        "phoneNumber": "6281",
        "waJid": "6281@s.whatsapp.net",
        "waLid": "9@lid",
    }
    assert (await api.get("/sessions/new/me")).status_code == 404


async def test_a_qr_code_is_shown_as_json_or_as_an_image(api: Api, database: Any, unpaired: None) -> None:
    await update(database, "new", status="scan_qr_code", desired="running", qr={"code": "2@abc", "expiresAt": FAR})
    answer = await api.get("/sessions/new/qr")
    assert (answer.status_code, answer.json()) == (200, {"code": "2@abc", "expiresAt": FAR})
    assert answer.headers["cache-control"] == "no-store"
    png = await api.get("/sessions/new/qr", format="png")
    assert (png.headers["content-type"], png.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    svg = await api.send("GET", "/sessions/new/qr", headers={"Accept": "image/svg+xml"})
    assert svg.headers["content-type"].startswith("image/svg+xml")
    assert b"<svg" in svg.content
    assert (await api.get("/sessions/new/qr", format="gif")).status_code == 400


async def test_a_paired_session_has_no_qr_code(api: Api, database: Any) -> None:
    await update(database, "mine", waJid="6281@s.whatsapp.net")
    answer = await api.get("/sessions/mine/qr")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")


async def test_a_session_that_is_paired_anew_shows_its_codes_and_is_nobody_meanwhile(api: Api, database: Any) -> None:
    qr = {"code": "2@abc", "expiresAt": FAR}
    await update(database, "mine", waJid="6281@s.whatsapp.net", status="scan_qr_code", desired="running", qr=qr)
    assert (await api.get("/sessions/mine/qr")).json() == qr
    assert (await api.get("/sessions/mine/me")).status_code == 404


@pytest.mark.slow
async def test_asking_for_a_qr_code_starts_pairing(
    live_api: Api, pipeline: PipelineDouble, database: Any, unpaired: None
) -> None:
    await update(database, "new", qr={"code": "old", "expiresAt": 1})
    assert (await live_api.get("/sessions/new/qr")).status_code == 404
    assert [command.command for command in pipeline.commands] == ["session.start"]


async def test_a_pairing_code_is_told(live_api: Api, connector: ConnectorDouble, database: Any, unpaired: None) -> None:
    await update(database, "new", operations=["session.pair"], status="scan_qr_code", desired="running")
    connector.result = {"code": "ABCD-1234"}
    answer = await live_api.send("POST", "/sessions/new/pairing-code", json={"phone": "628123456789"})
    assert (answer.status_code, answer.json()) == (200, {"code": "ABCD-1234"})
    connector.status, connector.code = OutcomeStatus.REJECTED, "validation_error"
    assert (await live_api.send("POST", "/sessions/new/pairing-code", json={"phone": "628123456780"})).status_code == 400


@pytest.mark.parametrize("phone", ["+628123456789", "12345", "0123456789", "62 812", 628, None])
async def test_a_bad_phone_number_is_400(api: Api, database: Any, unpaired: None, phone: Any) -> None:
    await update(database, "new", operations=["session.pair"], status="scan_qr_code", desired="running")
    assert (await api.send("POST", "/sessions/new/pairing-code", json={"phone": phone})).status_code == 400


async def test_a_refused_phone_number_starts_nothing(
    live_api: Api, pipeline: PipelineDouble, database: Any, unpaired: None
) -> None:
    await update(database, "new", operations=None)
    assert (await live_api.send("POST", "/sessions/new/pairing-code", json={"phone": "12"})).status_code == 400
    assert pipeline.commands == []


async def test_the_request_that_paired_a_session_is_answered_again_under_its_key(
    live_api: Api, connector: ConnectorDouble, database: Any, unpaired: None
) -> None:
    await update(database, "new", operations=["session.pair"], status="scan_qr_code", desired="running")
    connector.result = {"code": "ABCD-1234"}
    request: dict[str, Any] = {"json": {"phone": "628123456789"}, "headers": {"Idempotency-Key": "one"}}
    assert (await live_api.send("POST", "/sessions/new/pairing-code", **request)).status_code == 200
    outcome = {"status": "succeeded", "finishedAt": 1_719_662_400_001, "result": connector.result}
    await database["operations"].update_one({"session": "new"}, {"$set": outcome})
    await update(database, "new", status="working", waJid="6281@s.whatsapp.net")
    again = await live_api.send("POST", "/sessions/new/pairing-code", **request)
    assert (again.status_code, again.json()) == (200, {"code": "ABCD-1234"})
    assert (await live_api.send("POST", "/sessions/new/pairing-code", json=request["json"])).status_code == 400
