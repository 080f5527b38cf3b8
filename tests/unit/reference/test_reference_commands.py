"""The reference model, sentence by sentence: what a command's event gives as its outcome."""

import pytest
from tests.properties.reference.story import NOW, Story

DONE = {"command": "cmd_1", "status": "succeeded", "code": None}
REJECTED = {"command": "cmd_1", "status": "rejected", "code": "not_found"}


@pytest.fixture
def story() -> Story:
    return Story()


def test_an_event_without_a_command_has_no_outcome(story: Story) -> None:
    assert story.update("pinned", pinned=True) is None


def test_an_event_that_is_not_its_commands_last_has_no_outcome(story: Story) -> None:
    assert story.write("session.status", {"status": "starting"}, command="cmd_1", last=False) is None
    assert story.shown_session()["status"] == "starting"


def test_an_applied_command_succeeds(story: Story) -> None:
    assert story.update("pinned", pinned=True, command="cmd_1") == DONE


def test_a_command_succeeds_even_when_it_changes_nothing(story: Story) -> None:
    assert story.update("read", command="cmd_1") == DONE
    assert story.chat_view() is None


@pytest.mark.parametrize("change", ["flags", "read", "unread", "deleted"])
def test_a_command_that_requires_a_stored_chat_is_rejected_when_there_is_none(story: Story, change: str) -> None:
    assert story.update(change, archived=True, requires="stored", command="cmd_1") == REJECTED
    assert story.chat_view() is None


def test_a_command_that_requires_a_stored_chat_is_rejected_after_its_deletion(story: Story) -> None:
    story.message()
    story.update("deleted")
    assert story.update("flags", archived=True, requires="stored", command="cmd_1") == REJECTED


def test_a_rejected_deletion_starts_no_new_epoch(story: Story) -> None:
    story.acknowledge("read")
    story.update("deleted", requires="stored", seen=9000)
    story.message(history=True)
    assert story.shown_message()["status"] == "read"


def test_a_command_on_a_visible_chat_succeeds(story: Story) -> None:
    story.message()
    assert story.update("deleted", requires="stored", command="cmd_1") == DONE
    assert story.chat_view() is None


def test_a_second_event_of_one_command_changes_nothing_and_has_the_same_outcome(story: Story) -> None:
    story.message()
    story.update("deleted", requires="stored", command="cmd_1")
    story.message("B")
    assert story.update("deleted", requires="stored", command="cmd_1") == DONE
    assert story.shown_ids() == ["B"]


def test_a_second_event_of_a_rejected_command_is_rejected_although_the_chat_is_there_now(story: Story) -> None:
    story.update("flags", pinned=True, requires="stored", command="cmd_1")
    story.message()
    assert story.update("flags", pinned=True, requires="stored", command="cmd_1") == REJECTED
    assert story.shown_chat()["pinned"] is False


@pytest.mark.parametrize(("others", "remembered"), [(31, True), (32, False)])
def test_a_chat_remembers_its_last_32_commands(story: Story, others: int, remembered: bool) -> None:
    story.update("pinned", pinned=True, command="cmd_1")
    for number in range(others):
        story.update("pinned", pinned=False, command=f"cmd_other_{number}")
    story.update("pinned", pinned=True, command="cmd_1")
    assert story.shown_chat()["pinned"] is not remembered


def test_a_repeat_does_not_keep_a_command_remembered_longer(story: Story) -> None:
    story.update("pinned", pinned=True, command="cmd_1")
    for number in range(31):
        story.update("pinned", pinned=False, command=f"cmd_other_{number}")
    story.update("pinned", pinned=True, command="cmd_1")
    story.update("pinned", pinned=False, command="cmd_last")
    story.update("pinned", pinned=True, command="cmd_1")
    assert story.shown_chat()["pinned"] is True


def test_a_session_command_always_succeeds_and_repeats_change_nothing(story: Story) -> None:
    assert story.status(status="working", command="cmd_1") == DONE
    story.status(status="failed")
    assert story.status(status="working", command="cmd_1", seen=1000) == DONE
    assert (story.shown_session()["status"], story.shown_session()["updatedAt"]) == ("failed", NOW)
