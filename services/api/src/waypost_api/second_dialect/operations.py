"""The operations of this dialect: what each one asks for, and what it answers."""

from dataclasses import dataclass
from typing import Any, Final

from waypost_api.commands.chat_commands import chat_delete, chat_read, chat_unread, chat_update
from waypost_api.second_dialect.bodies import ArchiveBody, DeleteBody, Fields, MuteBody, PinBody, ReadBody
from waypost_api.second_dialect.changes import Change, ParseChange, WithoutChat
from waypost_api.second_dialect.durations import parse_duration
from waypost_api.second_dialect.replies import ArchiveReply, ChatReply, MuteReply, PinReply, ReadReply
from waypost_common.identifiers import EpochMs, Jid

TAG: Final = "Chat state by instance"
PREFIX: Final = "/api/chat"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceOperation:
    id: str
    method: str
    name: str
    """The path is `/api/chat/<name>/:instance`."""
    title: str
    parse: ParseChange
    body: Any
    """The type of the request's JSON."""
    answer: Any
    """The type of the reply's JSON."""
    description: str = ""


def mute(fields: Fields, now: EpochMs) -> Change:
    number = fields.number()
    if not fields.flag("mute"):
        return unmute(number)
    duration = parse_duration(fields.text("duration"))

    def reply(jid: Jid) -> MuteReply:
        return {"success": True, "message": duration.message, "chat_jid": jid, "muted": True, "duration": duration.seconds}

    command = chat_update(muted_until=duration.until(now), create_if_missing=True)
    return Change(number=number, command=command, reply=reply, without_chat=WithoutChat.CREATE)


def unmute(number: Jid) -> Change:
    def reply(jid: Jid) -> MuteReply:
        message = "Chat notifications unmuted successfully"
        return {"success": True, "message": message, "chat_jid": jid, "muted": False, "duration": 0}

    return Change(number=number, command=chat_update(muted_until=None), reply=reply, without_chat=WithoutChat.NOTHING_TO_DO)


def archive(fields: Fields, _now: EpochMs) -> Change:
    number, archived = fields.number(), fields.flag("archive")

    def reply(jid: Jid) -> ArchiveReply:
        message = f"Chat {'archived' if archived else 'unarchived'} successfully"
        return {"success": True, "message": message, "chat_jid": jid, "archived": archived}

    return Change(number=number, command=chat_update(archived=archived), reply=reply)


def pin(fields: Fields, _now: EpochMs) -> Change:
    number, pinned = fields.number(), fields.flag("pin")

    def reply(jid: Jid) -> PinReply:
        message = f"Chat {'pinned' if pinned else 'unpinned'} successfully"
        return {"success": True, "message": message, "chat_jid": jid, "pinned": pinned}

    return Change(number=number, command=chat_update(pinned=pinned), reply=reply)


def mark_read(fields: Fields, _now: EpochMs) -> Change:
    number, read = fields.number(), fields.flag("read")

    def reply(jid: Jid) -> ReadReply:
        message = f"Chat marked as {'read' if read else 'unread'} successfully"
        return {"success": True, "message": message, "chat_jid": jid, "read": read}

    return Change(number=number, command=chat_read if read else chat_unread, reply=reply)


def delete(fields: Fields, _now: EpochMs) -> Change:
    number, with_media = fields.number(), fields.flag_or_false("deleteMedia")

    def reply(jid: Jid) -> ChatReply:
        message = f"Chat deleted successfully{' (including media)' if with_media else ''}"
        return {"success": True, "message": message, "chat_jid": jid}

    return Change(number=number, command=chat_delete, reply=reply)


OPERATIONS: Final = (
    InstanceOperation(
        id="muteInstanceChat", method="POST", name="mute", title="Mute or unmute a chat", parse=mute, body=MuteBody,
        answer=MuteReply, description="A chat that is not stored yet is muted all the same. A mute ends by itself.",
    ),
    InstanceOperation(
        id="archiveInstanceChat", method="POST", name="archive", title="Archive or unarchive a chat", parse=archive,
        body=ArchiveBody, answer=ArchiveReply,
    ),
    InstanceOperation(
        id="pinInstanceChat", method="POST", name="pin", title="Pin or unpin a chat", parse=pin, body=PinBody, answer=PinReply
    ),
    InstanceOperation(
        id="markInstanceChatRead", method="POST", name="markChatRead", title="Mark a chat as read or unread", parse=mark_read,
        body=ReadBody, answer=ReadReply, description="The gateway's own unread counter only: WhatsApp gets no read receipts.",
    ),
    InstanceOperation(
        id="deleteInstanceChat", method="DELETE", name="deleteChat", title="Delete a chat", parse=delete, body=DeleteBody,
        answer=ChatReply, description="From the stored copy only, with its messages; new activity may bring it back.",
    ),
)  # fmt: skip
