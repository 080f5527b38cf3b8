"""What operations that are not built yet will take, as the contract tells it. A body that is sent to one is not read."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from waypost_api.unbuilt.answers import WebhookRetryPolicy
from waypost_api.views.documented import documented

Jids = Annotated[list[str], Field(min_length=1)]


@documented
class ChatPresenceBody(TypedDict):
    state: Literal["composing", "recording", "paused"]
    """`paused` clears it. WhatsApp clears it by itself after a while: send it again to keep it."""


class PresenceBody(TypedDict):
    state: Literal["online", "offline"]


@documented
class StatusBody(TypedDict):
    type: NotRequired[Literal["text", "image"]]
    """Absent: text. An image is answered 501."""
    text: NotRequired[Annotated[str, Field(min_length=1)]]
    """Needed for a text."""


@documented
class CreateGroupBody(TypedDict):
    name: Annotated[str, Field(min_length=1)]
    participants: list[str]
    """JIDs of people, without the session's own. Those who cannot be invited may be left out silently."""


@documented
class UpdateGroupBody(TypedDict):
    """Only the fields that are sent are changed, one after the other; null is no value."""

    subject: NotRequired[str]
    description: NotRequired[str]
    announce: NotRequired[bool]
    """Only administrators post."""
    locked: NotRequired[bool]
    """Only administrators change what is told of the group."""


@documented
class GroupMembersBody(TypedDict):
    participants: Jids
    """JIDs of people."""


@documented
class JoinGroupBody(TypedDict):
    invite: Annotated[str, Field(min_length=1)]
    """The code, or the whole link."""


@documented
class ForwardMessageBody(TypedDict):
    chat: str
    """The JID of the message's chat."""
    sender: NotRequired[str]
    """The JID of the message's author; empty for a message of your own."""
    to: str
    """The JID of the chat that gets it."""


@documented
class VoteMessageBody(TypedDict):
    chat: str
    """The JID of the poll's chat."""
    sender: NotRequired[str]
    """The JID of the poll's author; empty for a poll of your own."""
    options: list[str]
    """The whole vote, which takes the place of an earlier one; empty takes it back."""


Events = Annotated[list[str], Field(description="Names of events; `*` for all; an empty list for none.")]
OfSession = Annotated[str | None, Field(description="Absent or null: all sessions of the organization.")]
Secret = Annotated[str, Field(description="Signs what is delivered. Never shown; a new one takes the place of the old.")]


class _Webhook(TypedDict):
    events: NotRequired[Events]
    sessionId: NotRequired[OfSession]
    secret: NotRequired[Secret]
    customHeaders: NotRequired[dict[str, str]]
    retryPolicy: NotRequired[WebhookRetryPolicy]
    active: NotRequired[bool]


@documented
class CreateWebhookBody(_Webhook):
    url: str
    """HTTPS."""


class UpdateWebhookBody(_Webhook):
    """Only the fields that are sent are changed."""

    url: NotRequired[str]


@documented
class RealtimeTicketBody(TypedDict):
    """Which events the socket gets."""

    session: NotRequired[str]
    """Absent: those of all sessions of the organization."""
    events: NotRequired[list[str]]
    """Absent: all."""
    since: NotRequired[str]
    """The id of the last event that was seen: those after it come first."""


@documented
class ImportBackupBody(TypedDict):
    file: Annotated[str, Field(json_schema_extra={"format": "binary"})]
    """`msgstore.db.crypt15`, at most 256 MiB."""
    key: str
    """64 hexadecimal digits, the 32 bytes themselves, or the key file."""
