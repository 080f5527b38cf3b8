"""What a change is answered with. Clients see the fields in this order."""

from typing import Literal

from typing_extensions import TypedDict

from waypost_api.views.documented import documented


class ChatReply(TypedDict):
    success: Literal[True]
    message: str
    chat_jid: str


@documented
class MuteReply(ChatReply):
    muted: bool
    duration: int
    """Seconds; 0 for a mute without end, and when unmuted."""


class ArchiveReply(ChatReply):
    archived: bool


class PinReply(ChatReply):
    pinned: bool


class ReadReply(ChatReply):
    read: bool


class DialectErrorBody(TypedDict):
    message: str


class DialectError(TypedDict):
    success: Literal[False]
    error: DialectErrorBody
