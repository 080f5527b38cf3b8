"""Sessions that programs make, pair, stop, start, log out and remove: by commands, and read from documents and the network."""

import re
from typing import Any

import pytest
from tests.integration.connector.live.conftest import Live
from tests.processes import eventually

from waypost_common.identifiers import new_session_id

pytestmark = pytest.mark.asyncio(loop_scope="module")

MINE: dict[str, Any] = {"organization": "org_elsewhere"}


async def test_a_session_that_somebody_makes_is_paired_by_qr_code_logged_out_paired_anew_and_removed(live: Live) -> None:
    session = new_session_id()
    mine = MINE | {"session": session}
    await live.tell_store("session.create", {"label": "Support", "start": True}, **mine)
    working = await live.until_status(session, "working")
    # From the log: the document shows the code only for as long as nobody has scanned it.
    told = [event for event in await live.events_of(session) if event["event"] in {"session.status", "auth.qr"}]
    shown = next(event for event in told if event["event"] == "auth.qr")
    assert shown["payload"]["expiresAt"] > shown["timestamp"]
    before = [event["payload"].get("status") for event in told[: told.index(shown)]]
    assert "scan_qr_code" in before
    assert "working" not in before
    assert (working["label"], working["backend"], working["qr"]) == ("Support", "simulated", None)
    assert {"session.pair", "session.logout", "message.send"} <= set(working["operations"])
    assert (await live.outcome(await live.send(**mine)))["status"] == "succeeded"

    logout = await live.ask("session.logout", {}, **mine)
    assert (await live.outcome(logout))["status"] == "succeeded"
    out = await live.until_status(session, "logged_out")
    assert out["desired"] == "stopped"
    assert len(live.recorded("unlinked", session)) == 1

    await live.tell_store("session.start", **mine)
    again = await live.until_status(session, "working")
    assert again["waJid"] == working["waJid"]
    assert len(live.recorded("paired", session)) == 2

    await live.tell_store("session.delete", **mine)
    await eventually(lambda: len(live.recorded("unlinked", session)) == 2, "the removed session unlinked")
    await eventually(lambda: len(live.recorded("disconnected", session)) == 2, "the removed session disconnected")


async def test_a_pairing_code_for_a_phone_number_starts_a_session_that_was_made_stopped(live: Live) -> None:
    session = new_session_id()
    mine = MINE | {"session": session}
    await live.tell_store("session.create", **mine)
    await live.until_session(session, "the session", lambda found: bool(found["desired"] == "stopped"))
    outcome = await live.outcome(await live.ask("session.pair", {"phone": "628123456789"}, **mine))
    assert outcome["status"] == "succeeded"
    assert re.fullmatch(r"[A-Z1-9]{4}-[A-Z1-9]{4}", outcome["result"]["code"])
    working = await live.until_status(session, "working")
    assert (working["desired"], working["pairingCode"]) == ("running", None)
    paired_already = await live.outcome(await live.ask("session.pair", {"phone": "628123456789"}, **mine))
    assert (paired_already["status"], paired_already["code"]) == ("rejected", "conflict")


async def test_what_is_wanted_while_no_connector_runs_is_done_once_one_does(live: Live) -> None:
    stopped, removed, made = live.cast.session, live.other.session, new_session_id()
    live.kill_connector()
    await live.tell_store("session.stop")
    await live.tell_store("session.delete", session=removed)
    await live.tell_store("session.create", {"start": True}, session=made)
    await live.until_session(stopped, "stopped", lambda found: bool(found["desired"] == "stopped"))
    await live.until_session(removed, "removed", lambda found: bool(found["removed"]))
    logins = len(live.recorded("logged_in", stopped))
    live.connector.start()
    await live.until_status(made, "working")
    await live.until_status(stopped, "stopped")
    await eventually(lambda: len(live.recorded("unlinked", removed)) == 1, "the removed session unlinked")
    assert live.recorded("unlinked", stopped) == []
    assert len(live.recorded("logged_in", stopped)) == logins
    await live.tell_store("session.start")
    await live.until_status(stopped, "working")


async def test_a_restarted_session_connects_again(live: Live) -> None:
    logins = len(live.recorded("logged_in", live.cast.session))
    outcome = await live.outcome(await live.ask("session.restart", {}))
    assert outcome["status"] == "succeeded"
    assert len(live.recorded("logged_in", live.cast.session)) == logins + 1
