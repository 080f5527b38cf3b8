"""The events of `wa.events`: the 17 types of the catalogue, their keys, and how bytes become one of them."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter

from waypost_common.event_payloads import (
    AuthCodePayload,
    AuthQrPayload,
    CallPayload,
    ChatUpdatePayload,
    ContactUpdatePayload,
    GroupParticipantPayload,
    GroupUpdatePayload,
    MessagePayload,
    MessageStatusPayload,
    NewsletterUpdatePayload,
    PresencePayload,
    SessionStatusPayload,
    TargetedMessagePayload,
)
from waypost_common.fields import Contract, EpochMsField, EventIdField, OrganizationIdField, SessionIdField
from waypost_common.identifiers import EpochMs, Jid, SessionId

MAX_EVENT_BYTES: Final = 1024 * 1024
DAY_MS: Final = 86_400_000


class Envelope(Contract):
    """What every event carries. `timestamp` is when the gateway saw it; times inside a payload are WhatsApp's."""

    schema_version: Literal["v1"] = Field(alias="schema")
    id: EventIdField
    session: SessionIdField
    organization: OrganizationIdField
    timestamp: EpochMsField


class MessageEvent(Envelope):
    event: Literal["message", "message.from_me"]
    payload: MessagePayload


class MessageEditedEvent(Envelope):
    event: Literal["message.edited"]
    payload: TargetedMessagePayload


class MessageRevokedEvent(Envelope):
    event: Literal["message.revoked"]
    payload: TargetedMessagePayload


class MessageReactionEvent(Envelope):
    event: Literal["message.reaction"]
    payload: TargetedMessagePayload


class PollVoteEvent(Envelope):
    event: Literal["poll.vote"]
    payload: TargetedMessagePayload


class MessageStatusEvent(Envelope):
    event: Literal["message.status"]
    payload: MessageStatusPayload


class ChatUpdateEvent(Envelope):
    event: Literal["chat.update"]
    payload: ChatUpdatePayload


class PresenceUpdateEvent(Envelope):
    event: Literal["presence.update"]
    payload: PresencePayload


class CallIncomingEvent(Envelope):
    event: Literal["call.incoming"]
    payload: CallPayload


class GroupUpdateEvent(Envelope):
    event: Literal["group.update"]
    payload: GroupUpdatePayload


class GroupParticipantEvent(Envelope):
    event: Literal["group.participant"]
    payload: GroupParticipantPayload


class NewsletterUpdateEvent(Envelope):
    event: Literal["newsletter.update"]
    payload: NewsletterUpdatePayload


class ContactUpdateEvent(Envelope):
    event: Literal["contact.update"]
    payload: ContactUpdatePayload


class SessionStatusEvent(Envelope):
    event: Literal["session.status"]
    payload: SessionStatusPayload


class AuthQrEvent(Envelope):
    event: Literal["auth.qr"]
    payload: AuthQrPayload


class AuthCodeEvent(Envelope):
    event: Literal["auth.code"]
    payload: AuthCodePayload


SessionEvent = SessionStatusEvent | AuthQrEvent | AuthCodeEvent
TargetedMessageEvent = MessageEditedEvent | MessageRevokedEvent | MessageReactionEvent | PollVoteEvent
ChatEvent = (
    MessageEvent
    | TargetedMessageEvent
    | MessageStatusEvent
    | ChatUpdateEvent
    | PresenceUpdateEvent
    | CallIncomingEvent
    | GroupUpdateEvent
    | GroupParticipantEvent
    | NewsletterUpdateEvent
    | ContactUpdateEvent
)
Event = Annotated[ChatEvent | SessionEvent, Field(discriminator="event")]

EVENT_ADAPTER: Final[TypeAdapter[Event]] = TypeAdapter(Event)
"""`validate_json(bytes)` makes an event or raises pydantic.ValidationError; `dump_json(event, by_alias=True)` the bytes."""

EVENT_TYPES: Final = (
    "session.status", "auth.qr", "auth.code", "message", "message.from_me", "message.status", "message.reaction",
    "message.edited", "message.revoked", "poll.vote", "presence.update", "group.update", "group.participant",
    "chat.update", "contact.update", "call.incoming", "newsletter.update",
)  # fmt: skip


def encode_event(event: Event) -> bytes:
    """The event as it stands on the topic; fields that were never set stay absent."""
    return EVENT_ADAPTER.dump_json(event, by_alias=True, exclude_unset=True)


def subject_of(event: Event) -> Jid | None:
    """The chat, group, channel or person an event is about; None for one about the session as a whole."""
    subject = _SUBJECTS.get(type(event.payload))
    return None if subject is None else subject(event.payload)


_SUBJECTS: Final[Mapping[type, Callable[[Any], Jid]]] = {
    **dict.fromkeys((MessagePayload, TargetedMessagePayload, MessageStatusPayload, ChatUpdatePayload), attrgetter("chat_jid")),
    **dict.fromkeys((GroupUpdatePayload, GroupParticipantPayload), attrgetter("group_jid")),
    **dict.fromkeys((NewsletterUpdatePayload, ContactUpdatePayload), attrgetter("jid")),
    PresencePayload: lambda payload: payload.chat_jid or payload.sender,
    CallPayload: lambda payload: payload.group_jid or payload.sender,
}
"""By exact type: an isinstance of pydantic's models that does not hold is a slow path, and this is asked of every event."""


def key_of(event: Event) -> str:
    """The record key (rule R2): one chat, one key, one partition, one order."""
    return key_with(event.session, subject_of(event))


def key_with(session: SessionId, subject: Jid | None) -> str:
    return session if subject is None else chat_key(session, subject)


def chat_key(session: SessionId, jid: Jid) -> str:
    return f"{session}|{jid}"


def effective_time(whatsapp_time: EpochMs, envelope_time: EpochMs) -> EpochMs:
    """WhatsApp's time, or the envelope's when WhatsApp's is more than a day ahead of it."""
    return envelope_time if whatsapp_time > envelope_time + DAY_MS else whatsapp_time
