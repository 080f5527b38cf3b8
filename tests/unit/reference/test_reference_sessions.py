"""The reference model, sentence by sentence: sessions, pairing codes, fences and tombstones."""

from typing import Any

import pytest
from tests.properties.reference.story import ALICE, ALICE_LID, NOW, Story


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_session_first_seen_without_a_status_is_stopped(story: Story) -> None:
    story.status(desired="running")
    session = story.shown_session()
    assert (session["status"], session["desired"], session["organizationId"]) == ("stopped", "running", "org_01J9ABC")
    assert [session[flag] for flag in ("autoRead", "presenceTyping", "isAdminSession", "removed")] == [False] * 4


def test_absent_fields_of_a_session_status_stay(story: Story) -> None:
    story.status(status="working", label="Line", operations=["message.send"])
    story.status(desired="stopped", seen=1000)
    session = story.shown_session()
    assert (session["status"], session["label"], session["operations"]) == ("working", "Line", ["message.send"])
    assert (session["createdAt"], session["updatedAt"], session["lastConnectedAt"]) == (NOW, NOW + 1000, NOW)


def test_an_event_of_a_lower_fence_is_ignored(story: Story) -> None:
    story.status(status="working", fence=2)
    story.status(status="failed", fence=1, seen=1000)
    assert (story.shown_session()["status"], story.shown_session()["updatedAt"]) == ("working", NOW)


@pytest.mark.parametrize("fence", [{}, {"fence": 2}, {"fence": 3}])
def test_an_event_of_no_or_an_equal_or_a_higher_fence_is_accepted(story: Story, fence: dict[str, Any]) -> None:
    story.status(status="working", fence=2)
    story.status(status="failed", **fence)
    assert story.shown_session()["status"] == "failed"


def test_a_removed_session_is_a_terminal_tombstone(story: Story) -> None:
    story.status(status="working", label="Line")
    story.status(removed=True, seen=1000)
    story.status(status="working", label="New", seen=2000)
    session = story.shown_session()
    assert (session["removed"], session["status"], session["label"]) == (True, "stopped", "Line")
    assert session["updatedAt"] == NOW + 1000


def test_a_qr_code_is_kept_while_the_session_scans(story: Story) -> None:
    story.status(status="scan_qr_code")
    story.write("auth.qr", {"code": "2@A", "expiresAt": NOW})
    story.status(status="scan_qr_code")
    assert story.shown_session()["qr"] == {"code": "2@A", "expiresAt": NOW}


def test_a_pairing_code_is_kept_while_the_session_scans(story: Story) -> None:
    story.status(status="scan_qr_code")
    story.write("auth.code", {"code": "ABCD-1234"})
    assert story.shown_session()["pairingCode"] == "ABCD-1234"


def test_codes_are_dropped_when_the_session_leaves_scanning(story: Story) -> None:
    story.status(status="scan_qr_code")
    story.write("auth.qr", {"code": "2@A"})
    story.write("auth.code", {"code": "ABCD-1234"})
    story.status(status="starting")
    story.status(status="scan_qr_code")
    assert (story.shown_session()["qr"], story.shown_session()["pairingCode"]) == (None, None)


def test_codes_outside_scanning_are_not_kept_but_make_the_session_appear(story: Story) -> None:
    story.write("auth.qr", {"code": "2@A"}, seen=5)
    story.write("auth.code", {"code": "ABCD-1234"}, seen=6)
    session = story.shown_session()
    assert (session["status"], session["qr"], session["pairingCode"]) == ("stopped", None, None)
    assert (session["createdAt"], session["updatedAt"]) == (NOW + 5, NOW + 6)


def test_a_successful_pairing_tells_who_the_session_is(story: Story) -> None:
    paired = {"jid": ALICE, "lid": ALICE_LID, "businessName": "Acme", "platform": "android"}
    story.write("auth.code", paired)
    session = story.shown_session()
    assert (session["waJid"], session["waLid"], session["phoneNumber"]) == (ALICE, ALICE_LID, "6281234567890")
    assert (session["businessName"], session["platform"]) == ("Acme", "android")


def test_a_pairing_without_a_phone_jid_tells_no_phone_number(story: Story) -> None:
    story.write("auth.code", {"jid": ALICE_LID})
    assert (story.shown_session()["waJid"], story.shown_session()["phoneNumber"]) == (ALICE_LID, None)


def test_the_last_connection_is_the_newest_event_that_said_working(story: Story) -> None:
    story.status(status="working", seen=1000)
    story.status(status="failed", seen=2000)
    story.status(status="working", seen=3000)
    story.status(status="stopped", seen=4000)
    assert story.shown_session()["lastConnectedAt"] == NOW + 3000
