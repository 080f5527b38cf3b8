"""Groups and their members."""

from typing import Any

from tests.unit.waypost_projection.story import ALICE, ALICE_LID, BOB, GROUP, NOW, Story

from waypost_common.documents import GroupDocument


class GroupStory(Story):
    def __init__(self) -> None:
        super().__init__(GROUP)

    def change(self, **fields: Any) -> None:
        self.tell("group.update", {"groupJid": GROUP} | fields)

    def people(self, *, at: int | None = None, timestamp: int = NOW, **fields: Any) -> None:
        self.tell("group.participant", {"groupJid": GROUP} | fields, at=at, timestamp=timestamp)

    @property
    def group(self) -> GroupDocument:
        assert self.conversation.group is not None
        return self.conversation.group

    @property
    def present(self) -> dict[str, str]:
        return {jid: one["role"] for jid, one in self.conversation.members.items() if one["present"]}


def test_a_group_update_sets_what_it_carries_and_keeps_the_rest() -> None:
    story = GroupStory()
    story.change(
        subject="S", description="D", isAnnounce=True, isLocked=False, ownerJid=ALICE, createdAtWa=NOW, newInviteLink="link"
    )
    story.change(subject="T")
    group: Any = story.group
    assert {name: group[name] for name in ("subject", "description", "isAnnounce", "isLocked", "ownerJid", "inviteLink")} == {
        "subject": "T", "description": "D", "isAnnounce": True, "isLocked": False, "ownerJid": ALICE, "inviteLink": "link",
    }  # fmt: skip
    assert (group["createdAtWa"], group["participantCount"]) == (NOW, None)


def test_an_update_without_any_field_changes_only_when_the_group_was_seen() -> None:
    story = GroupStory()
    story.change(subject="S")
    before = dict(story.group)
    story.tell("group.update", {"groupJid": GROUP}, timestamp=NOW + 5)
    after = dict(story.group)
    assert {name for name in after if after[name] != before[name]} == {"updatedAt", "offset"}


def test_a_group_update_makes_the_chat_appear_under_the_subject() -> None:
    story = GroupStory()
    story.change(subject="S")
    assert (story.chat["visible"], story.chat["name"]) == (True, "S")
    story.change(description="D")
    assert story.chat["name"] == "S"


def test_participants_do_not_make_the_chat_appear() -> None:
    story = GroupStory()
    story.people(join=[ALICE])
    assert story.chat["visible"] is False


def test_people_join_rise_fall_and_leave() -> None:
    story = GroupStory()
    story.people(join=[ALICE, BOB])
    assert story.present == {ALICE: "member", BOB: "member"}
    story.people(promote=[ALICE])
    assert story.present[ALICE] == "admin"
    story.people(demote=[ALICE])
    assert story.present[ALICE] == "member"
    story.people(leave=[BOB])
    assert story.present == {ALICE: "member"}
    assert story.group["participantCount"] == 1


def test_one_who_joins_again_while_there_keeps_the_role_and_one_who_returns_does_not() -> None:
    story = GroupStory()
    story.people(join=[ALICE, BOB], promote=[ALICE, BOB])
    story.people(leave=[BOB])
    story.people(join=[ALICE, BOB])
    assert story.present == {ALICE: "admin", BOB: "member"}


def test_one_who_leaves_without_having_been_there_leaves_no_trace() -> None:
    story = GroupStory()
    story.people(leave=[BOB])
    assert story.conversation.members == {}
    assert story.group["participantCount"] == 0


def test_leaving_twice_keeps_the_first_time() -> None:
    story = GroupStory()
    story.people(join=[BOB])
    story.people(leave=[BOB], timestamp=NOW + 1)
    story.people(leave=[BOB], timestamp=NOW + 2)
    assert story.conversation.members[BOB]["lastSeenAt"] == NOW + 1


def test_a_full_list_replaces_all_members() -> None:
    story = GroupStory()
    story.people(join=[ALICE, BOB])
    story.people(snapshot=[{"phoneJid": ALICE, "role": "superadmin", "tag": "boss"}, {"lid": ALICE_LID}])
    assert story.present == {ALICE: "superadmin", ALICE_LID: "member"}
    assert story.conversation.members[ALICE]["tag"] == "boss"
    assert story.group["participantCount"] == 2


def test_a_member_has_the_addresses_that_a_full_list_tells() -> None:
    story = GroupStory()
    story.people(snapshot=[{"lid": ALICE_LID, "phoneJid": ALICE}, {"phoneJid": BOB}])
    both, one = story.conversation.members[ALICE_LID], story.conversation.members[BOB]
    assert (both["lid"], both["phoneJid"]) == (ALICE_LID, ALICE)
    assert (one["lid"], one["phoneJid"]) == (None, BOB)


def test_a_full_list_leaves_alone_whom_it_does_not_know_and_who_had_left_already() -> None:
    story = GroupStory()
    story.people(join=[ALICE, BOB])
    story.people(leave=[BOB])
    before = story.conversation.members[BOB]
    story.people(snapshot=[{"phoneJid": ALICE}])
    assert story.conversation.members[BOB] is before


def test_members_that_were_stored_by_a_later_event_are_not_moved_back() -> None:
    story = GroupStory()
    story.people(join=[ALICE, BOB], at=9)
    known = dict(story.conversation.members)
    again = GroupStory()
    again.conversation.members = known
    again.people(at=3, join=[ALICE], leave=[BOB], promote=[ALICE], demote=[BOB])
    again.people(at=4, snapshot=[{"phoneJid": ALICE, "tag": "t"}])
    assert again.conversation.members == known
