"""Contacts, groups and their members, channels."""

from typing import NotRequired, TypedDict

from waypost_common.identifiers import EpochMs, Jid, Offset, OrganizationId, SessionId


class GroupSighting(TypedDict):
    """`$max` of BSON documents compares field by field in this order: newest time, then event id (rule R2: commutes)."""

    at: int
    eventId: str
    name: str


class ContactDocument(TypedDict):
    """A person. Their chat feeds the plain fields; the groups they are seen in feed `inGroup` and those named `group…`."""

    _id: str
    session: SessionId
    organization: OrganizationId
    jid: Jid
    listed: NotRequired[bool]
    """Known by contact.update, push name or group sighting; without it only `dm` has been written."""
    dm: NotRequired[bool]
    inGroup: NotRequired[bool]
    groupPushName: NotRequired[GroupSighting]
    groupLid: NotRequired[Jid]
    groupPhoneJid: NotRequired[Jid]
    fullName: NotRequired[str]
    firstName: NotRequired[str]
    pushName: NotRequired[str]
    lid: NotRequired[Jid]
    phoneJid: NotRequired[Jid]
    phoneNumber: NotRequired[str]
    businessName: NotRequired[str]
    blocked: NotRequired[bool]
    about: NotRequired[str]
    firstSeenAt: EpochMs
    updatedAt: EpochMs
    partition: NotRequired[int]
    offset: NotRequired[Offset]


class GroupDocument(TypedDict):
    _id: str
    session: SessionId
    organization: OrganizationId
    jid: Jid
    subject: str | None
    description: str | None
    isAnnounce: bool | None
    isLocked: bool | None
    ownerJid: Jid | None
    createdAtWa: EpochMs | None
    inviteLink: str | None
    participantCount: int | None
    firstSeenAt: EpochMs
    updatedAt: EpochMs
    partition: int
    offset: Offset


class GroupMemberDocument(TypedDict):
    """A member, or (present false) the tombstone of one who left: a late older write must not bring them back."""

    _id: str
    """`<session>|<groupJid>|<member>`."""
    session: SessionId
    organization: OrganizationId
    groupJid: Jid
    member: Jid
    lid: Jid | None
    phoneJid: Jid | None
    role: str
    tag: str | None
    present: bool
    firstSeenAt: EpochMs
    lastSeenAt: EpochMs
    partition: int
    offset: Offset


class ChannelDocument(TypedDict):
    _id: str
    session: SessionId
    organization: OrganizationId
    jid: Jid
    name: str | None
    description: str | None
    role: str | None
    subscribers: int | None
    inviteLink: str | None
    followed: bool
    muted: bool
    firstSeenAt: EpochMs
    updatedAt: EpochMs
    partition: int
    offset: Offset
