"""The documents in MongoDB, as stored. Only ingest writes those of a projection (rule R1); the API reads them.

A field that a document may lack is `NotRequired`: it is left out rather than stored as null where that keeps the many small
documents small (messages); elsewhere null is written so that indexes and partial filters see it.
"""

from enum import StrEnum
from typing import Final, NotRequired, TypedDict

from waypost_common.events import chat_key
from waypost_common.identifiers import EpochMs, Jid, MessageId, Offset, OrganizationId, SessionId

NO_OFFSET: Final = Offset(-1)
"""Stands for "never" wherever an offset is compared: below every real one."""


class Collection(StrEnum):
    """Projections carry their generation as a suffix from the second one on (`chats_g2`); bookkeeping has none."""

    SESSIONS = "sessions"
    CHATS = "chats"
    MESSAGES = "messages"
    CHANNELS = "channels"
    CONTACTS = "contacts"
    GROUPS = "groups"
    GROUP_MEMBERS = "group_members"
    OPERATIONS = "operations"
    DEVICES = "devices"
    API_KEYS = "api_keys"
    GENERATIONS = "generations"
    POSITIONS = "positions"
    MIGRATIONS = "migrations"


PROJECTIONS: Final = (
    Collection.SESSIONS,
    Collection.CHATS,
    Collection.MESSAGES,
    Collection.CHANNELS,
    Collection.CONTACTS,
    Collection.GROUPS,
    Collection.GROUP_MEMBERS,
)


def collection_name(collection: Collection, generation: int = 1) -> str:
    return collection.value if generation == 1 else f"{collection.value}_g{generation}"


class SeenCommand(TypedDict):
    """One of the last 32 commands that a chat or session has seen: a second event of it changes nothing (rule R6)."""

    id: str
    status: str
    """`succeeded` or `rejected`: what its outcome said, said again on redelivery."""


class PushName(TypedDict):
    name: str
    at: int
    offset: int


class Erasure(TypedDict):
    jid: str
    before: int


class ChatDocument(TypedDict):
    """One chat, visible or not. An invisible one is a tombstone or holds names for a chat that may yet appear."""

    _id: str
    """`<session>|<chatJid>`."""
    session: SessionId
    organization: OrganizationId
    jid: Jid
    type: str
    visible: bool
    name: str | None
    unreadCount: int
    markedUnread: bool
    unread: bool
    """unreadCount > 0 or markedUnread: what the `unread` filter and its partial index use."""
    archived: bool
    pinned: bool
    mutedUntil: EpochMs | None
    """As last set; one that has passed reads as null."""
    lastMessageAt: EpochMs | None
    pictureId: str | None
    sortKey: str
    """Ascending order of this string is the list's order: pinned first, then newest message, then JID."""
    title: str | None
    """The group's subject or the channel's name."""
    fullName: str | None
    firstName: str | None
    pushName: PushName | None
    epoch: Offset
    """Offset of the chat's last deletion: events below it are ignored, messages of older epochs are invisible."""
    deletedAt: EpochMs | None
    """Envelope time of that deletion: history up to it is dropped."""
    readUpTo: EpochMs
    """Messages with an effective time up to this are read; -1 when never set."""
    readBefore: Offset
    """Messages at offsets below this are read; -1 when never set."""
    trimmedBefore: EpochMs
    """Messages with an effective time below this are invisible."""
    erasures: list[Erasure]
    commands: list[SeenCommand]
    partition: int
    offset: Offset
    """Offset of the last event that changed this document: the guard of every write (rule R3)."""


class Edit(TypedDict):
    body: str | None
    at: int
    offset: int


class Reaction(TypedDict):
    sender: str
    emoji: str
    """"" once removed: kept, so that a late older reaction does not come back."""
    at: int
    timestamp: int
    offset: int


class Vote(TypedDict):
    voter: str
    hashes: list[str]
    at: int
    timestamp: int
    offset: int


class MessageDocument(TypedDict):
    """One message of one epoch of a chat; without `effectiveAt` a placeholder that an early acknowledgement or edit left."""

    _id: str
    """`<session>|<chatJid>|<epoch>|<messageId>`."""
    session: SessionId
    organization: OrganizationId
    chatJid: Jid
    epoch: Offset
    messageId: MessageId
    partition: int
    appliedOffset: Offset
    """Offset of the last event that changed this document: the guard of every later write."""
    offset: NotRequired[Offset]
    """Offset of the event that created the message."""
    effectiveAt: NotRequired[EpochMs]
    timestamp: NotRequired[EpochMs]
    createdAt: NotRequired[EpochMs]
    fromMe: NotRequired[bool]
    type: NotRequired[str]
    hasMedia: NotRequired[bool]
    history: NotRequired[bool]
    body: NotRequired[str]
    senderJid: NotRequired[Jid]
    senderLid: NotRequired[Jid]
    pushName: NotRequired[str]
    quotedMessageId: NotRequired[MessageId]
    mentions: NotRequired[list[Jid]]
    media: NotRequired[dict[str, object]]
    location: NotRequired[dict[str, object]]
    contact: NotRequired[dict[str, object]]
    poll: NotRequired[dict[str, object]]
    views: NotRequired[int]
    status: NotRequired[str]
    error: NotRequired[str]
    edited: NotRequired[bool]
    deleted: NotRequired[bool]
    edit: NotRequired[Edit]
    """The winning edit, kept for its time so that an older one that comes late loses."""
    reactions: NotRequired[list[Reaction]]
    votes: NotRequired[list[Vote]]


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


class QrCode(TypedDict):
    code: str
    expiresAt: EpochMs | None


class SessionDocument(TypedDict):
    _id: str
    """The session id."""
    session: SessionId
    organization: OrganizationId
    status: str
    desired: str | None
    operations: list[str] | None
    gatewayId: str | None
    label: str | None
    phoneNumber: str | None
    waJid: Jid | None
    waLid: Jid | None
    createdByUserId: str | None
    autoRead: bool
    presenceTyping: bool
    isAdminSession: bool
    backend: str | None
    businessName: str | None
    platform: str | None
    qr: QrCode | None
    pairingCode: str | None
    removed: bool
    fence: int | None
    createdAt: EpochMs
    updatedAt: EpochMs
    lastConnectedAt: EpochMs | None
    commands: list[SeenCommand]
    partition: int
    offset: Offset


class OperationDocument(TypedDict):
    """One command's record. The first final status wins, but `unknown` yields once to the true outcome (rule R6)."""

    _id: str
    """The command id."""
    organization: OrganizationId
    session: SessionId
    command: str
    status: str
    createdAt: EpochMs
    deadline: EpochMs
    finishedAt: EpochMs | None
    result: dict[str, object] | None
    code: str | None
    message: str | None
    push: str | None
    idempotencyKey: NotRequired[str]
    """Absent without one: a unique index on (organization, idempotencyKey) covers those that have it."""
    requestHash: str
    expiresAt: object
    """A BSON date, seven days on: MongoDB's TTL index removes the record."""


class ApiKeyDocument(TypedDict):
    _id: str
    """`key_` + ULID."""
    hash: str
    organization: OrganizationId
    permissions: list[str]
    session: SessionId | None
    createdAt: EpochMs
    expiresAt: EpochMs | None
    revokedAt: EpochMs | None
    ratePerMin: int | None
    label: str | None


class PositionDocument(TypedDict):
    """The last applied record of a partition in one generation (rule R4)."""

    _id: str
    """`<generation>|<partition>`."""
    generation: int
    partition: int
    offset: Offset
    """NO_OFFSET until the first event is applied."""
    eventId: str | None
    timestamp: EpochMs | None
    """Kafka's timestamp of that record."""
    logStart: Offset
    """Where the log began when this position was first recorded."""


class GenerationDocument(TypedDict):
    """`_id: "live"` is the pointer that every read follows."""

    _id: str
    generation: int


def message_document_id(session: SessionId, chat: Jid, epoch: Offset, message: MessageId) -> str:
    return f"{session}|{chat}|{epoch}|{message}"


def member_document_id(session: SessionId, group: Jid, member: Jid) -> str:
    return f"{session}|{group}|{member}"


def chat_document_id(session: SessionId, jid: Jid) -> str:
    """Also the id of the contact, group and channel document of that JID."""
    return chat_key(session, jid)


MAX_SORT_TIME: Final = 10**15


def sort_key(*, pinned: bool, last_message_at: int | None, jid: str) -> str:
    """Sorts ascending into the list's order; one string, so that keyset paging is one plain range."""
    newest_first = MAX_SORT_TIME if last_message_at is None else MAX_SORT_TIME - 1 - last_message_at
    return f"{0 if pinned else 1}{newest_first:016d}{jid}"
