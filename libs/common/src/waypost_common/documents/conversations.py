"""Chats and messages."""

from typing import NotRequired, TypedDict

from waypost_common.identifiers import EpochMs, Jid, MessageId, Offset, OrganizationId, SessionId


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
