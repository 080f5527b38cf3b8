"""Events of chats that an operator asks for, without a command: nobody waits for an outcome."""

from typing import Any

from waypost_common.event_payloads import ChatChange
from waypost_common.events import EVENT_ADAPTER, Event, encode_event, key_of
from waypost_common.identifiers import EpochMs, Jid, OrganizationId, SessionId, new_event_id
from waypost_common.publishing import Message


def chat_update(
    session: SessionId, organization: OrganizationId, chat: Jid, change: ChatChange, now: EpochMs, **fields: Any
) -> Event:
    """`fields` as the event names them. Changes nothing where the chat cannot be seen any more when it is folded."""
    return EVENT_ADAPTER.validate_python(
        {
            "schema": "v1",
            "id": new_event_id(),
            "event": "chat.update",
            "session": session,
            "organization": organization,
            "timestamp": now,
            "payload": {"chatJid": chat, "change": change, "requires": "stored", **fields},
        }
    )


def message_of(topic: str, event: Event) -> Message:
    headers: list[tuple[str, bytes | None]] = [("event", event.event.encode()), ("schema", event.schema_version.encode())]
    return Message(topic=topic, key=key_of(event).encode(), value=encode_event(event), headers=headers)
