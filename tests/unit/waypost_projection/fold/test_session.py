"""A session's document: status, identity, pairing codes, fences, and the tombstone of a removed one."""

from typing import Any, Final, Literal

import pytest
from tests.unit.waypost_projection.story import ALICE, ALICE_LID, NOW, SessionStory, command_mark

from waypost_common.outcomes import OutcomeStatus

CODES: Final[tuple[Literal["qr"], Literal["pairingCode"]]] = ("qr", "pairingCode")


def test_a_session_is_stored_with_what_its_status_tells_and_keeps_what_it_does_not_repeat() -> None:
    story = SessionStory()
    told = {
        "operations": ["message.send"], "gatewayId": "g", "label": "Shop", "phoneNumber": "62", "waJid": ALICE,
        "waLid": ALICE_LID, "createdByUserId": "u", "autoRead": True, "presenceTyping": True, "isAdminSession": True,
        "backend": "simulated",
    }  # fmt: skip
    story.status(status="starting", desired="running", **told)
    story.status(status="failed")
    stored: Any = story.stored
    assert {name: stored[name] for name in told} == told
    assert (stored["status"], stored["desired"]) == ("failed", "running")


def test_a_new_session_whose_status_is_not_told_is_stopped() -> None:
    story = SessionStory()
    story.status(desired="running")
    assert story.stored["status"] == "stopped"


def test_the_last_time_a_session_worked_is_kept() -> None:
    story = SessionStory()
    story.tell("session.status", {"status": "working"}, timestamp=NOW + 1)
    story.tell("session.status", {"status": "failed"}, timestamp=NOW + 2)
    assert story.stored["lastConnectedAt"] == NOW + 1
    assert (story.stored["createdAt"], story.stored["updatedAt"]) == (NOW + 1, NOW + 2)


def test_pairing_codes_are_kept_while_the_session_waits_to_be_paired() -> None:
    story = SessionStory()
    story.status(status="scan_qr_code")
    story.tell("auth.qr", {"code": "qr", "expiresAt": NOW})
    story.tell("auth.code", {"code": "1234"})
    assert (story.stored["qr"], story.stored["pairingCode"]) == ({"code": "qr", "expiresAt": NOW}, "1234")
    story.status(label="still waiting")
    assert story.stored["qr"] is not None
    story.status(status="working")
    assert {story.stored[name] for name in CODES} == {None}


@pytest.mark.parametrize(("name", "payload"), [("auth.qr", {"code": "qr"}), ("auth.code", {"code": "1234"})])
def test_a_pairing_code_for_a_session_that_does_not_wait_is_not_kept(name: str, payload: dict[str, str]) -> None:
    story = SessionStory()
    story.tell(name, payload)
    assert {story.stored[name] for name in CODES} == {None}


def test_pairing_tells_who_the_session_is() -> None:
    story = SessionStory()
    story.tell("auth.code", {"jid": ALICE, "lid": ALICE_LID, "businessName": "Shop", "platform": "android"})
    stored = story.stored
    assert (stored["waJid"], stored["waLid"], stored["phoneNumber"]) == (ALICE, ALICE_LID, "6281234567890")
    assert (stored["businessName"], stored["platform"]) == ("Shop", "android")


def test_pairing_keeps_what_it_does_not_repeat_and_takes_no_number_from_a_lid() -> None:
    story = SessionStory()
    story.tell("auth.code", {"jid": ALICE, "businessName": "Shop"})
    story.tell("auth.code", {"jid": ALICE_LID})
    story.tell("auth.code", {})
    assert (story.stored["waJid"], story.stored["phoneNumber"]) == (ALICE_LID, "6281234567890")
    assert story.stored["businessName"] == "Shop"


def test_a_removed_session_is_stopped_and_nothing_changes_it_again() -> None:
    story = SessionStory()
    story.status(status="working", removed=True)
    assert (story.stored["removed"], story.stored["status"], story.stored["lastConnectedAt"]) == (True, "stopped", None)
    before = story.stored
    story.status(status="working", removed=False)
    assert story.stored is before


def test_an_owner_that_was_overtaken_is_not_heard() -> None:
    story = SessionStory()
    story.status(status="working", fence=5)
    before = story.stored
    story.status(status="failed", fence=4)
    assert story.stored is before
    story.status(status="failed", fence=5)
    assert story.stored["status"] == "failed"
    story.status(desired="stopped")
    assert (story.stored["desired"], story.stored["fence"]) == ("stopped", 5)


def test_the_first_fence_is_taken() -> None:
    story = SessionStory()
    story.status(status="starting")
    story.status(status="working", fence=1)
    assert (story.stored["status"], story.stored["fence"]) == ("working", 1)


def test_an_event_that_comes_again_changes_nothing() -> None:
    story = SessionStory()
    story.status(status="working")
    story.status(status="failed")
    before = story.stored
    assert story.tell("session.status", {"status": "working"}, at=0) is None
    assert story.stored is before


def test_a_command_has_an_outcome_and_a_second_event_of_it_has_the_same_and_changes_nothing() -> None:
    story = SessionStory()
    assert story.tell("session.status", {"label": "A"}, command=command_mark()) is OutcomeStatus.SUCCEEDED
    before = story.stored
    assert story.tell("session.status", {"label": "B"}, command=command_mark()) is OutcomeStatus.SUCCEEDED
    assert story.stored is before


def test_only_the_last_event_of_a_command_has_an_outcome() -> None:
    story = SessionStory()
    assert story.tell("session.status", {"label": "A"}, command=command_mark(last=False)) is None
    assert story.stored["commands"] == []


def test_a_command_that_was_forgotten_has_its_outcome_again() -> None:
    story = SessionStory()
    story.status(label="A")
    story.status(label="B")
    assert story.tell("session.status", {"label": "A"}, at=0, command=command_mark()) is OutcomeStatus.SUCCEEDED
    assert story.stored["label"] == "B"


def test_removing_a_removed_session_again_succeeds() -> None:
    story = SessionStory()
    story.status(removed=True)
    assert story.tell("session.status", {"removed": True}, command=command_mark()) is OutcomeStatus.SUCCEEDED
