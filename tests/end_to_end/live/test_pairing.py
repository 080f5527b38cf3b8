"""Sessions paired with a phone over HTTP, by a code to scan or to type, and logged out again."""

import asyncio
import re
import signal
from typing import Any
from uuid import uuid4

import pytest
from tests.end_to_end.live.callers import error_of
from tests.end_to_end.live.contract import sees
from tests.end_to_end.live.system import LiveSystem

from waypost_common.clock import now_ms

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

PHONE = "628123456789"


async def made(system: LiveSystem, **body: Any) -> dict[str, str]:
    """Names a new session."""
    answer = await system.owner("createSession", json=body)
    assert answer.status_code == 201
    return {"session": answer.json()["id"]}


async def until_paired(system: LiveSystem, names: dict[str, str]) -> dict[str, Any]:
    found = await system.until("getSession", names, lambda session: session["status"] == "working")
    return dict(found)


@sees("sessionQR", 200, 409)
@sees("sessionMe", 200, 404)
@sees("logoutSession", 200)
async def test_a_session_is_paired_by_its_qr_code_logged_out_and_paired_anew(system: LiveSystem) -> None:
    answer = await system.owner("createSession", json={"start": True})
    names = {"session": answer.json()["id"]}
    assert answer.json()["status"] == "starting"
    assert error_of(await system.owner("sessionMe", names=names)) == (404, "not_found")
    qr = await system.owner("sessionQR", names=names)
    assert qr.json()["code"]
    assert qr.json()["expiresAt"] > now_ms()
    assert qr.headers["cache-control"] == "no-store"
    working = await until_paired(system, names)
    me = (await system.owner("sessionMe", names=names)).json()
    assert (me["connected"], me["waJid"], me["phoneNumber"]) == (True, working["waJid"], working["phoneNumber"])
    assert error_of(await system.owner("sessionQR", names=names)) == (409, "conflict")

    assert (await system.owner("stopSession", names=names)).json()["status"] == "stopped"
    for _ in range(2):
        out = await system.owner("logoutSession", names=names)
        assert (out.status_code, out.json()["status"]) == (200, "logged_out")
    assert error_of(await system.owner("sessionMe", names=names)) == (404, "not_found")
    assert (await system.owner("sessionQR", names=names)).status_code == 200
    assert (await until_paired(system, names))["waJid"] == working["waJid"]


@sees("sessionQR", 200)
async def test_asking_for_the_code_begins_pairing_and_gives_it_as_json_or_as_an_image(system: LiveSystem) -> None:
    names = await made(system)
    first = await system.owner("sessionQR", names=names)
    assert first.headers["content-type"] == "application/json"
    by_header, by_name, svg = await asyncio.gather(
        system.owner("sessionQR", names=names, headers={"Accept": "image/png"}),
        system.owner("sessionQR", names=names, params={"format": "png"}),
        system.owner("sessionQR", names=names, params={"format": "svg"}),
    )
    for png in (by_header, by_name):
        assert (png.headers["content-type"], png.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    assert svg.headers["content-type"].startswith("image/svg+xml")
    assert b"<svg" in svg.content


@sees("sessionPairingCode", 200, 400)
async def test_a_code_to_type_pairs_a_session_once(system: LiveSystem) -> None:
    names, headers = await made(system), {"Idempotency-Key": uuid4().hex}
    answer = await system.owner("sessionPairingCode", names=names, json={"phone": PHONE}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert re.fullmatch(r"[A-Z0-9]{4}-[A-Z0-9]{4}", answer.json()["code"])
    await until_paired(system, names)
    replayed = await system.owner("sessionPairingCode", names=names, json={"phone": PHONE}, headers=headers)
    assert (replayed.status_code, replayed.json()) == (200, answer.json())
    again = await system.owner("sessionPairingCode", names=names, json={"phone": PHONE})
    assert error_of(again) == (400, "validation_error")


@pytest.mark.parametrize(
    "body", [{}, {"phone": "+628123456789"}, {"phone": "12"}, {"phone": "0123456789"}, {"phone": 628123}], ids=str
)
@sees("sessionPairingCode", 400)
async def test_a_bad_phone_number_is_400(system: LiveSystem, body: dict[str, Any]) -> None:
    answer = await system.owner("sessionPairingCode", names=system.stage.names, json=body)
    assert error_of(answer) == (400, "validation_error")
    assert answer.json()["error"]["details"]["fields"].keys() == {"phone"}


@sees("logoutSession", 200)
async def test_a_session_that_was_never_paired_is_logged_out_as_it_is(system: LiveSystem) -> None:
    answer = await system.owner("logoutSession", names=await made(system))
    assert (answer.status_code, answer.json()["status"]) == (200, "stopped")


@sees("restartSession", 409)
async def test_a_session_without_a_phone_cannot_be_restarted(system: LiveSystem) -> None:
    names = await made(system, start=True)
    await system.until("getSession", names, lambda found: found["status"] == "scan_qr_code")
    assert error_of(await system.owner("restartSession", names=names)) == (409, "conflict")


@sees("stopSession", 200)
@sees("sessionQR", 404)
@sees("sessionPairingCode", 501)
async def test_while_no_connector_runs_a_stop_is_taken_and_held_and_nothing_can_be_paired(system: LiveSystem) -> None:
    session = system.take_session().session
    system.connector.end(signal.SIGKILL)
    try:
        unpaired, other = await made(system), await made(system)
        stop, qr, code = await asyncio.gather(
            system.owner("stopSession", names={"session": session}),
            system.owner("sessionQR", names=unpaired),
            system.owner("sessionPairingCode", names=other, json={"phone": PHONE}),
        )
    finally:
        system.connector.start()
        await system.connector.until_ready()
    assert (stop.status_code, stop.json()["status"]) == (200, "working")
    assert error_of(qr) == (404, "not_found")
    assert error_of(code) == (501, "not_implemented")
    await system.until("getSession", {"session": session}, lambda found: found["status"] == "stopped")
    await system.until_working(system.stage.session)
    assert (await system.owner("getSession", names={"session": session})).json()["status"] == "stopped"
    started = await system.owner("startSession", names={"session": session})
    assert started.json()["status"] == "working"
