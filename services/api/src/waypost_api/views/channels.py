from typing_extensions import TypedDict

from waypost_common.documents import ChannelDocument


class Channel(TypedDict):
    """A WhatsApp channel (newsletter) that the session follows or has followed."""

    jid: str
    sessionId: str
    name: str | None
    description: str | None
    role: str | None
    subscribers: int | None
    followed: bool
    muted: bool
    lastMessageAt: int | None


class ChannelList(TypedDict):
    data: list[Channel]
    nextCursor: str


def channel_view(channel: ChannelDocument, *, last_message_at: int | None) -> Channel:
    return {
        "jid": channel["jid"],
        "sessionId": channel["session"],
        "name": channel["name"],
        "description": channel["description"],
        "role": channel["role"],
        "subscribers": channel["subscribers"],
        "followed": channel["followed"],
        "muted": channel["muted"],
        "lastMessageAt": last_message_at,
    }
