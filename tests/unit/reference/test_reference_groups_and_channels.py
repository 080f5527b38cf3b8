"""The reference model, sentence by sentence: groups with their members, and channels."""

from typing import Any

import pytest
from tests.properties.reference.story import ALICE, ALICE_LID, GROUP, NEWSLETTER, NOW, Story

BOB = "5511987654321@s.whatsapp.net"


@pytest.fixture
def group() -> Story:
    return Story(GROUP)


@pytest.fixture
def channel() -> Story:
    return Story(NEWSLETTER)


def members(story: Story) -> dict[str, Any]:
    shown: dict[str, Any] = story.shown_group()["members"]
    return shown


def test_absent_fields_of_a_group_update_stay(group: Story) -> None:
    group.group(subject="Team", isLocked=True, newInviteLink="https://chat.whatsapp.com/A")
    group.group(seen=1000, subject="New team")
    shown = group.shown_group()
    assert (shown["subject"], shown["isLocked"], shown["isAnnounce"]) == ("New team", True, None)
    assert (shown["inviteLink"], shown["firstSeenAt"], shown["updatedAt"]) == (
        "https://chat.whatsapp.com/A",
        NOW,
        NOW + 1000,
    )


def test_a_group_outlives_its_deleted_chat_and_names_it_again(group: Story) -> None:
    group.group(subject="Team")
    group.update("deleted")
    assert group.shown_group()["subject"] == "Team"
    group.message()
    assert group.shown_chat()["name"] == "Team"


def test_participants_make_a_group_but_no_chat(group: Story) -> None:
    group.participants(join=[ALICE])
    assert group.shown_group()["subject"] is None
    assert group.chat_view() is None


def test_the_participant_count_is_unknown_until_a_participant_event(group: Story) -> None:
    group.group(subject="Team")
    assert group.shown_group()["participantCount"] is None
    group.participants(leave=[ALICE])
    assert group.shown_group()["participantCount"] == 0


def test_joining_leaving_promoting_and_demoting(group: Story) -> None:
    group.participants(join=[ALICE, BOB])
    group.participants(promote=[ALICE])
    group.participants(leave=[BOB])
    assert {jid: member["role"] for jid, member in members(group).items()} == {ALICE: "admin"}
    group.participants(demote=[ALICE])
    assert members(group)[ALICE]["role"] == "member"


def test_a_join_of_somebody_present_keeps_the_role(group: Story) -> None:
    group.participants(promote=[ALICE])
    group.participants(join=[ALICE])
    assert members(group)[ALICE]["role"] == "admin"


def test_somebody_who_left_comes_back_as_a_plain_member_first_seen_long_ago(group: Story) -> None:
    group.participants(promote=[ALICE])
    group.participants(seen=1000, leave=[ALICE])
    group.participants(seen=2000, join=[ALICE])
    member = members(group)[ALICE]
    assert (member["role"], member["firstSeenAt"], member["lastSeenAt"]) == ("member", NOW, NOW + 2000)


def test_a_leave_of_a_stranger_is_not_a_first_sight(group: Story) -> None:
    group.participants(leave=[ALICE])
    group.participants(seen=1000, join=[ALICE])
    assert members(group)[ALICE]["firstSeenAt"] == NOW + 1000


def test_a_snapshot_is_the_full_list(group: Story) -> None:
    group.participants(join=[BOB, ALICE_LID])
    group.participants(
        seen=1000,
        snapshot=[{"lid": ALICE_LID, "phoneJid": ALICE, "role": "superadmin", "tag": "~Alice"}],
    )
    assert members(group) == {
        ALICE_LID: {
            "member": ALICE_LID,
            "lid": ALICE_LID,
            "phoneJid": ALICE,
            "role": "superadmin",
            "tag": "~Alice",
            "firstSeenAt": NOW,
            "lastSeenAt": NOW + 1000,
        }
    }


def test_a_snapshot_without_a_lid_is_keyed_by_the_phone(group: Story) -> None:
    group.participants(snapshot=[{"phoneJid": ALICE, "role": "member"}])
    assert (members(group)[ALICE]["lid"], members(group)[ALICE]["phoneJid"]) == (None, ALICE)


def test_one_event_is_read_as_snapshot_join_leave_promote_demote(group: Story) -> None:
    group.participants(
        snapshot=[{"lid": ALICE_LID, "role": "member"}], join=[BOB, "1@lid"], leave=["1@lid"], promote=[BOB], demote=[BOB]
    )
    assert {jid: member["role"] for jid, member in members(group).items()} == {ALICE_LID: "member", BOB: "member"}


def test_joining_a_channel_makes_a_followed_subscriber(channel: Story) -> None:
    channel.channel("join", name="News")
    shown = channel.shown_channel()
    assert (shown["followed"], shown["role"], shown["muted"], shown["name"]) == (True, "subscriber", False, "News")


def test_joining_keeps_a_known_role_and_takes_a_given_one(channel: Story) -> None:
    channel.channel("metadata", role="admin")
    channel.channel("join")
    assert channel.shown_channel()["role"] == "admin"
    channel.channel("join", role="owner")
    assert channel.shown_channel()["role"] == "owner"


def test_leaving_a_channel_unfollows_it(channel: Story) -> None:
    channel.channel("join")
    channel.channel("leave")
    assert (channel.shown_channel()["followed"], channel.shown_channel()["role"]) == (False, "subscriber")


@pytest.mark.parametrize("action", ["mute", "metadata"])
def test_a_channel_first_seen_otherwise_is_not_followed(channel: Story, action: str) -> None:
    channel.channel(action)
    assert (channel.shown_channel()["followed"], channel.shown_channel()["role"]) == (False, None)


def test_a_channels_mute_and_its_chats_mute_are_independent(channel: Story) -> None:
    channel.update("muted", mutedUntil=NOW)
    channel.channel("mute")
    assert (channel.shown_channel()["muted"], channel.shown_chat()["mutedUntil"]) == (True, NOW)
    channel.channel("unmute")
    assert (channel.shown_channel()["muted"], channel.shown_chat()["mutedUntil"]) == (False, NOW)


def test_a_newsletter_update_makes_no_chat_appear_but_names_it(channel: Story) -> None:
    channel.channel("join", name="News")
    assert channel.chat_view() is None
    channel.message()
    assert channel.shown_chat()["name"] == "News"


def test_a_channel_outlives_its_deleted_chat(channel: Story) -> None:
    channel.message()
    channel.channel("join", name="News")
    channel.update("deleted")
    assert channel.shown_channel()["name"] == "News"
