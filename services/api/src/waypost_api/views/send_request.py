"""What a message to send may be, as the OpenAPI document describes it; `routes.message_changes` reads what is built of it."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from waypost_api.views.addresses import JID, PERSON
from waypost_api.views.documented import documented
from waypost_common.live_commands import MAX_TEXT

MessageText = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


Recipient = Annotated[str, JID, Field(description="The JID of a person or group.")]
OwnId = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,128}$")]
ReplyTo = Annotated[OwnId | None, Field(description="The id of the message that this one answers.")]
People = Annotated[list[Annotated[str, PERSON]], Field(max_length=1_024)]
Mentions = Annotated[People | None, Field(description="The JIDs of people.")]


class _Message(TypedDict):
    to: Recipient
    replyTo: NotRequired[ReplyTo]
    mentions: NotRequired[Mentions]


class TextMessage(_Message):
    type: Literal["text"]
    text: MessageText


@documented
class PollMessage(_Message):
    """Answered 501 so far."""

    type: Literal["poll"]
    name: str
    """The question."""
    options: list[str]
    selectableCount: NotRequired[int]
    """1: a single choice."""


class LocationMessage(_Message):
    """Answered 501 so far."""

    type: Literal["location"]
    latitude: float
    longitude: float
    name: NotRequired[str]


@documented
class SharedContact(TypedDict):
    name: NotRequired[str]
    phone: NotRequired[str]
    vcard: NotRequired[str]
    """Sent as it is; without one, it is made of name and phone."""


class ContactMessage(_Message):
    """Answered 501 so far."""

    type: Literal["contact"]
    contact: SharedContact


@documented
class OutgoingMedia(TypedDict):
    data: str
    """Base64, or a data: URI; at most 16 MiB."""
    mimetype: NotRequired[str]
    caption: NotRequired[str]
    filename: NotRequired[str]
    """Of a document."""


class MediaMessage(_Message):
    """Answered 501 so far."""

    type: Literal["image", "video", "audio", "document", "sticker"]
    media: OutgoingMedia


SendRequest = Annotated[TextMessage | PollMessage | LocationMessage | ContactMessage | MediaMessage, Field(discriminator="type")]
