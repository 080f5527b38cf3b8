"""Sessions, operations and API keys."""

from typing import NotRequired, TypedDict

from waypost_common.documents.conversations import SeenCommand
from waypost_common.identifiers import EpochMs, Jid, Offset, OrganizationId, SessionId


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


class WantedPush(TypedDict):
    """What WhatsApp is to be told once the stored copy has it: names of a chat's flags, whose values are read then."""

    backend: str
    chatJid: Jid
    flags: list[str]


class Outbox(TypedDict):
    """A command to be published, as it goes into the log."""

    command: bytes
    backend: str | None
    """Whose connectors carry it out; None: the store does."""


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
    """A PushStatus; None where WhatsApp is not told."""
    wantedPush: NotRequired[WantedPush]
    pushOf: NotRequired[str]
    """In the operation of a push: the operation whose `push` it is."""
    generation: NotRequired[int | None]
    """Of a finished one: in whose documents the effect could be read then; None where it is in none, or in any."""
    partition: NotRequired[int | None]
    offset: NotRequired[int | None]
    """Of one with a `generation`: where the event of the effect is in the log."""
    idempotencyKey: NotRequired[str]
    """Absent without one: a unique index on (organization, idempotencyKey) covers those that have it."""
    outbox: NotRequired[Outbox]
    """With an idempotency key, until an executor claims it: the request may come again and not be published yet."""
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
