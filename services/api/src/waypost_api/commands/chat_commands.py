"""The commands about a chat, for both dialects: each is made once it is known which chat that is."""

from collections.abc import Callable
from typing import TypedDict, Unpack

from waypost_api.commands.submit import CommandFields
from waypost_common.commands import (
    ChatCommand,
    ChatCommandPayload,
    ChatDeleteCommand,
    ChatReadCommand,
    ChatUnreadCommand,
    ChatUpdateCommand,
    ChatUpdateCommandPayload,
)
from waypost_common.identifiers import EpochMs, Jid

MakeChatCommand = Callable[[CommandFields, Jid], ChatCommand]


class ChatChanges(TypedDict, total=False):
    """What is not there stays as it is."""

    archived: bool
    pinned: bool
    muted_until: EpochMs | None
    create_if_missing: bool


def chat_update(**changes: Unpack[ChatChanges]) -> MakeChatCommand:
    return lambda fields, jid: ChatUpdateCommand(payload=ChatUpdateCommandPayload(chat_jid=jid, **changes), **fields)


def chat_read(fields: CommandFields, jid: Jid) -> ChatCommand:
    return ChatReadCommand(payload=ChatCommandPayload(chat_jid=jid), **fields)


def chat_unread(fields: CommandFields, jid: Jid) -> ChatCommand:
    return ChatUnreadCommand(payload=ChatCommandPayload(chat_jid=jid), **fields)


def chat_delete(fields: CommandFields, jid: Jid) -> ChatCommand:
    return ChatDeleteCommand(payload=ChatCommandPayload(chat_jid=jid), **fields)
