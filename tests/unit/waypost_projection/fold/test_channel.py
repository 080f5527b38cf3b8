"""Channels (newsletters) and the name they give their chat."""

from typing import Any

from tests.unit.waypost_projection.story import CHANNEL, Story

from waypost_common.documents import ChannelDocument
from waypost_common.identifiers import Offset


class ChannelStory(Story):
    def __init__(self) -> None:
        super().__init__(CHANNEL)

    def change(self, action: str, **fields: Any) -> None:
        self.tell("newsletter.update", {"jid": CHANNEL, "action": action} | fields)

    @property
    def channel(self) -> ChannelDocument:
        assert self.conversation.channel is not None
        return self.conversation.channel


def test_a_channel_is_stored_with_what_it_tells_and_keeps_what_it_does_not_repeat() -> None:
    story = ChannelStory()
    told = {"name": "N", "description": "D", "role": "owner", "subscribers": 5, "inviteLink": "link"}
    story.change("join", **told)
    story.change("metadata")
    channel: Any = story.channel
    assert {name: channel[name] for name in told} == told
    assert channel["followed"] is True


def test_one_who_follows_a_channel_is_a_subscriber_unless_told_otherwise() -> None:
    story = ChannelStory()
    story.change("join")
    assert story.channel["role"] == "subscriber"


def test_following_and_muting_are_independent() -> None:
    story = ChannelStory()
    story.change("mute")
    assert (story.channel["followed"], story.channel["muted"]) == (False, True)
    story.change("join")
    story.change("leave")
    assert (story.channel["followed"], story.channel["muted"]) == (False, True)
    story.change("unmute")
    assert story.channel["muted"] is False


def test_a_channel_does_not_make_its_chat_appear_but_names_it() -> None:
    story = ChannelStory()
    story.change("join", name="News")
    assert (story.chat["visible"], story.chat["name"]) == (False, "News")
    story.message("M1")
    story.change("metadata", description="D")
    assert (story.chat["visible"], story.chat["name"]) == (True, "News")


def test_a_channel_that_was_stored_by_a_later_event_is_not_moved_back() -> None:
    story = ChannelStory()
    story.change("join", name="News")
    again = ChannelStory()
    later = story.channel.copy()
    later["offset"] = Offset(5)
    again.conversation.channel = later
    again.change("metadata", name="Old")
    assert again.channel["name"] == "News"
    assert again.chat["title"] == "Old"
