"""What operations that are not built yet will answer, as the contract tells it."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from waypost_api.views.documented import documented


@documented
class ContactCheck(TypedDict):
    query: str
    isOnWhatsApp: bool
    jid: NotRequired[str | None]
    """When the number was found."""


@documented
class ContactAbout(TypedDict):
    about: str
    """Empty for none, and for one that may not be seen."""


@documented
class ContactPicture(TypedDict):
    id: str
    url: str
    """On WhatsApp's own servers, for a limited time."""


@documented
class GroupInfo(TypedDict):
    groupJid: str
    subject: NotRequired[str | None]
    description: NotRequired[str | None]
    ownerJid: NotRequired[str | None]
    isAnnounce: NotRequired[bool]
    isLocked: NotRequired[bool]
    participants: NotRequired[int]
    """How many."""


@documented
class GroupInvite(TypedDict):
    invite: str
    """A link."""


class JoinedGroup(TypedDict):
    groupJid: str


class PostedStatus(TypedDict):
    messageId: str


@documented
class WebhookRetryPolicy(TypedDict):
    policy: str
    """`exponential`: twice the delay after every attempt. Any other: a constant delay."""
    delaySeconds: int
    attempts: int


class Webhook(TypedDict):
    """Where events are posted to. Its secret is never shown."""

    id: str
    organizationId: str
    sessionId: NotRequired[str | None]
    url: str
    events: list[str]
    customHeaders: NotRequired[dict[str, str] | None]
    retryPolicy: WebhookRetryPolicy
    active: bool
    createdAt: int
    updatedAt: int


class WebhookList(TypedDict):
    data: list[Webhook]
    nextCursor: NotRequired[str | None]


@documented
class RealtimeTicket(TypedDict):
    ticket: str
    """Opens one socket."""


class BackfillJob(TypedDict):
    """A fresh reading of contacts and groups. The counts are of what has been read so far."""

    id: str
    sessionId: str
    organizationId: str
    status: Literal["running", "succeeded", "failed"]
    contacts: int
    groups: int
    groupMembers: int
    startedAt: int
    finishedAt: NotRequired[int | None]
    error: NotRequired[str | None]


class BackfillImport(TypedDict):
    """An import of a backup. The counts are of what has been imported so far."""

    id: str
    sessionId: str
    organizationId: str
    source: Literal["crypt15"]
    status: Literal["running", "succeeded", "failed"]
    chats: int
    messages: int
    identities: int
    groups: int
    groupMembers: int
    createdAt: int
    finishedAt: NotRequired[int | None]
    error: NotRequired[str | None]
    schemaFingerprint: NotRequired[str | None]
