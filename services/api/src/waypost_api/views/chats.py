from typing import Literal

from typing_extensions import TypedDict

from waypost_common.documents import ChatDocument
from waypost_common.identifiers import EpochMs, numeric_id


class Chat(TypedDict):
    """A conversation as the gateway has stored it."""

    id: int
    sessionId: str
    jid: str
    type: Literal["dm", "group", "newsletter", "broadcast", "status"]
    name: str | None
    unreadCount: int
    markedUnread: bool
    archived: bool
    pinned: bool
    mutedUntil: int | None
    lastMessageAt: int | None


class ChatList(TypedDict):
    data: list[Chat]
    nextCursor: str | None


def chat_view(chat: ChatDocument, *, now: EpochMs) -> Chat:
    """A mute that has run out by `now` reads as not muted."""
    muted_until = chat["mutedUntil"]
    return {
        "id": numeric_id(chat["session"], chat["jid"]),
        "sessionId": chat["session"],
        "jid": chat["jid"],
        "type": chat["type"],  # type: ignore[typeddict-item]  # stored as text
        "name": chat["name"],
        "unreadCount": chat["unreadCount"],
        "markedUnread": chat["markedUnread"],
        "archived": chat["archived"],
        "pinned": chat["pinned"],
        "mutedUntil": muted_until if muted_until is not None and muted_until > now else None,
        "lastMessageAt": chat["lastMessageAt"],
    }
