"""What each event carries. Optional fields may be null or absent; only `mutedUntil` tells the two apart."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from waypost_common.fields import Contract, EpochMsField, JidField, LongText, MessageIdField, ShortText
from waypost_common.identifiers import Jid
from waypost_common.jids import is_group, is_newsletter, is_person


def _group(jid: Jid) -> Jid:
    if not is_group(jid):
        raise ValueError("not a group JID")
    return jid


def _newsletter(jid: Jid) -> Jid:
    if not is_newsletter(jid):
        raise ValueError("not a newsletter JID")
    return jid


def _person(jid: Jid) -> Jid:
    if not is_person(jid):
        raise ValueError("not a person's JID")
    return jid


GroupJid = Annotated[JidField, AfterValidator(_group)]
NewsletterJid = Annotated[JidField, AfterValidator(_newsletter)]
PersonJid = Annotated[JidField, AfterValidator(_person)]
People = Annotated[list[PersonJid], Field(max_length=4_096)]


class SessionState(StrEnum):
    STARTING = "starting"
    SCAN_QR_CODE = "scan_qr_code"
    WORKING = "working"
    FAILED = "failed"
    STOPPED = "stopped"
    LOGGED_OUT = "logged_out"


class DesiredState(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"


class DeliveryStatus(StrEnum):
    """Delivery progress of a message. The order of climbing is the order here: a delivery proves an earlier failure wrong."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"


class Payload(Contract):
    model_config = ConfigDict(alias_generator=to_camel)


class Media(Payload):
    mimetype: ShortText | None = None
    size: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    filename: ShortText | None = None


class Location(Payload):
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    name: ShortText | None = None
    address: ShortText | None = None


class ContactCard(Payload):
    display_name: ShortText | None = None
    vcard: LongText | None = None


class Poll(Payload):
    name: ShortText
    options: Annotated[list[ShortText], Field(max_length=64)]
    selectable_count: Annotated[int, Field(ge=0, le=64)] | None = None


class MessagePayload(Payload):
    wa_message_id: MessageIdField
    chat_jid: JidField
    from_me: bool
    type: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")]
    has_media: bool
    timestamp: EpochMsField
    body: LongText | None = None
    sender_jid: PersonJid | None = None
    sender_lid: PersonJid | None = None
    push_name: ShortText | None = None
    quoted_message_id: MessageIdField | None = None
    mentions: Annotated[list[JidField], Field(max_length=4_096)] | None = None
    media: Media | None = None
    location: Location | None = None
    contact: ContactCard | None = None
    poll: Poll | None = None
    history: bool | None = None
    views: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None


class TargetedMessagePayload(MessagePayload):
    """An edit, revocation, reaction or vote: a message about another one, `targetId`."""

    target_id: MessageIdField
    reaction: Annotated[str, Field(max_length=64)] | None = None
    selected_hashes: Annotated[list[Annotated[str, Field(max_length=128)]], Field(max_length=64)] | None = None


class MessageStatusPayload(Payload):
    chat_jid: JidField
    message_ids: Annotated[list[MessageIdField], Field(max_length=4_096)]
    status: DeliveryStatus
    timestamp: EpochMsField
    sender_jid: PersonJid | None = None
    error: ShortText | None = None


class PresencePayload(Payload):
    sender: JidField = Field(alias="from")
    state: Literal["available", "unavailable", "composing", "paused"]
    chat_jid: JidField | None = None
    media: Literal["text", "audio"] | None = None
    last_seen: EpochMsField | None = None
    unavailable: bool | None = None


class CallPayload(Payload):
    call_id: ShortText
    sender: JidField = Field(alias="from")
    timestamp: EpochMsField
    is_group: bool
    group_jid: GroupJid | None = None


class GroupUpdatePayload(Payload):
    group_jid: GroupJid
    subject: ShortText | None = None
    description: LongText | None = None
    is_announce: bool | None = None
    is_locked: bool | None = None
    new_invite_link: ShortText | None = None
    owner_jid: PersonJid | None = None
    created_at_wa: EpochMsField | None = None
    sender: JidField | None = None
    reason: ShortText | None = None
    timestamp: EpochMsField | None = None


class GroupRole(StrEnum):
    MEMBER = "member"
    ADMIN = "admin"
    SUPERADMIN = "superadmin"


class Participant(Payload):
    lid: PersonJid | None = None
    phone_jid: PersonJid | None = None
    role: GroupRole = GroupRole.MEMBER
    tag: ShortText | None = None

    @model_validator(mode="after")
    def _is_somebody(self) -> "Participant":
        if self.lid is None and self.phone_jid is None:
            raise ValueError("a participant needs lid or phoneJid")
        return self


class GroupParticipantPayload(Payload):
    group_jid: GroupJid
    join: People | None = None
    leave: People | None = None
    promote: People | None = None
    demote: People | None = None
    snapshot: Annotated[list[Participant], Field(max_length=4_096)] | None = None
    sender: JidField | None = None
    reason: ShortText | None = None
    timestamp: EpochMsField | None = None


class ChatChange(StrEnum):
    PICTURE = "picture"
    ARCHIVED = "archived"
    PINNED = "pinned"
    MUTED = "muted"
    FLAGS = "flags"
    READ = "read"
    UNREAD = "unread"
    DELETED = "deleted"
    TRIMMED = "trimmed"
    ERASED = "erased"


FIELD_THAT_CHANGE_NEEDS = {
    ChatChange.ARCHIVED: "archived",
    ChatChange.PINNED: "pinned",
    ChatChange.MUTED: "muted_until",
    ChatChange.TRIMMED: "before",
    ChatChange.ERASED: "before",
}


class ChatUpdatePayload(Payload):
    chat_jid: JidField
    change: ChatChange
    archived: bool | None = None
    pinned: bool | None = None
    muted_until: EpochMsField | None = None
    picture_id: ShortText | None = None
    removed: bool | None = None
    read_up_to: EpochMsField | None = None
    before: EpochMsField | None = None
    jid: PersonJid | None = None
    requires: Literal["stored"] | None = None

    @model_validator(mode="after")
    def _change_has_its_field(self) -> "ChatUpdatePayload":
        needed = FIELD_THAT_CHANGE_NEEDS.get(self.change)
        if needed is not None and needed not in self.model_fields_set:
            raise ValueError(f"change {self.change.value!r} needs the field {to_camel(needed)!r}")
        if needed not in (None, "muted_until") and getattr(self, needed or "") is None:
            raise ValueError(f"change {self.change.value!r} needs a value for {to_camel(needed or '')!r}")
        if self.change is ChatChange.ERASED and self.jid is None:
            raise ValueError("change 'erased' needs the field 'jid'")
        return self


class ContactUpdatePayload(Payload):
    jid: PersonJid
    push_name: ShortText | None = None
    full_name: ShortText | None = None
    first_name: ShortText | None = None
    lid: PersonJid | None = None
    phone_jid: PersonJid | None = None
    phone_number: ShortText | None = None
    business_name: ShortText | None = None
    blocked: bool | None = None
    about: LongText | None = None


class NewsletterRole(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    SUBSCRIBER = "subscriber"
    GUEST = "guest"


class NewsletterUpdatePayload(Payload):
    jid: NewsletterJid
    action: Literal["join", "leave", "mute", "unmute", "metadata"]
    name: ShortText | None = None
    description: LongText | None = None
    role: NewsletterRole | None = None
    subscribers: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    invite_link: ShortText | None = None


class SessionStatusPayload(Payload):
    status: SessionState | None = None
    operations: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=256)] | None = None
    gateway_id: ShortText | None = None
    label: ShortText | None = None
    phone_number: ShortText | None = None
    wa_jid: PersonJid | None = None
    wa_lid: PersonJid | None = None
    desired: DesiredState | None = None
    created_by_user_id: ShortText | None = None
    auto_read: bool | None = None
    presence_typing: bool | None = None
    is_admin_session: bool | None = None
    removed: bool | None = None
    backend: ShortText | None = None
    fence: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None


class AuthQrPayload(Payload):
    code: ShortText
    expires_at: EpochMsField | None = None
    fence: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None


class AuthCodePayload(Payload):
    jid: PersonJid | None = None
    lid: PersonJid | None = None
    business_name: ShortText | None = None
    platform: ShortText | None = None
    code: ShortText | None = None
    fence: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
