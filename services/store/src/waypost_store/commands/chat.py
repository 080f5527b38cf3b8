"""Commands about one chat of the stored copy."""

from typing import Any

from waypost_common.commands import ChatCommand, ChatDeleteCommand, ChatReadCommand, ChatUnreadCommand, ChatUpdateCommand
from waypost_common.event_payloads import ChatChange, ChatUpdatePayload
from waypost_common.events import ChatUpdateEvent
from waypost_common.identifiers import EpochMs, event_id_of_command


def chat_event(command: ChatCommand, *, now: EpochMs) -> ChatUpdateEvent:
    """Whether the chat is stored is for the fold to find out, which alone sees the order: `requires` asks it to."""
    return ChatUpdateEvent(
        schema_version="v1",
        id=event_id_of_command(command.id),
        session=command.session,
        organization=command.organization,
        timestamp=now,
        event="chat.update",
        payload=_payload(command),
    )


def _payload(command: ChatCommand) -> ChatUpdatePayload:
    jid = command.payload.chat_jid
    match command:
        case ChatUpdateCommand():
            return ChatUpdatePayload(chat_jid=jid, change=ChatChange.FLAGS, **_flags(command))
        case ChatReadCommand():
            return ChatUpdatePayload(chat_jid=jid, change=ChatChange.READ, requires="stored")
        case ChatUnreadCommand():
            return ChatUpdatePayload(chat_jid=jid, change=ChatChange.UNREAD, requires="stored")
        case ChatDeleteCommand():
            return ChatUpdatePayload(chat_jid=jid, change=ChatChange.DELETED, requires="stored")


def _flags(command: ChatUpdateCommand) -> dict[str, Any]:
    """Only the fields that were given. `mutedUntil: null` is one of them: it clears the mute."""
    payload = command.payload
    flags: dict[str, Any] = {}
    if payload.archived is not None:
        flags["archived"] = payload.archived
    if payload.pinned is not None:
        flags["pinned"] = payload.pinned
    if "muted_until" in payload.model_fields_set:
        flags["muted_until"] = payload.muted_until
    if not payload.create_if_missing:
        flags["requires"] = "stored"
    return flags
