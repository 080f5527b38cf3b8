"""Commands that reach WhatsApp: carried out by the connector that owns the session, on `wa.commands.live.<backend>`.

The key is the session, so one session's commands have one order. A connector tells by `operations` in session.status which of
these, by name, the sessions it serves can do.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from waypost_common.commands import ChatUpdateCommandPayload, CommandEnvelope, CommandPart, SessionCommandPayload
from waypost_common.event_payloads import NewsletterJid, PersonJid
from waypost_common.fields import JidField, MessageIdField

MAX_TEXT: Final = 65_536
"""Characters of a text message; WhatsApp's own clients stop there too."""
MAX_CHANNEL_NAME: Final = 100
MAX_CHANNEL_DESCRIPTION: Final = 2_048

MessageText = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
PhoneNumber = Annotated[str, Field(pattern=r"^[1-9][0-9]{5,14}$")]


class PairPayload(CommandPart):
    """With `phone` (digits only) a pairing code is asked for, without it a QR code."""

    phone: PhoneNumber | None = None


class ChannelCreatePayload(CommandPart):
    name: Annotated[str, Field(min_length=1, max_length=MAX_CHANNEL_NAME)]
    description: Annotated[str, Field(max_length=MAX_CHANNEL_DESCRIPTION)] | None = None


class ChannelPayload(CommandPart):
    jid: NewsletterJid


class ChannelMutePayload(ChannelPayload):
    mute: bool


class TextPayload(CommandPart):
    to: JidField
    type: Literal["text"]
    text: MessageText
    reply_to: MessageIdField | None = None
    mentions: Annotated[list[PersonJid], Field(max_length=1_024)] | None = None
    may_wait: bool | None = None
    """Waits, until the deadline, while the session may send no more; without it that is `rejected` as `rate_limited`."""


class MessageTarget(CommandPart):
    """A message in a chat; `senderJid` is its author, absent for one of the session's own."""

    chat_jid: JidField
    message_id: MessageIdField
    sender_jid: PersonJid | None = None


class MessageEditPayload(MessageTarget):
    text: MessageText


class MessageReactPayload(MessageTarget):
    emoji: Annotated[str, Field(max_length=64)]
    """"" removes the reaction."""


class SessionRestartCommand(CommandEnvelope):
    """Ends the session's connection and makes a new one."""

    command: Literal["session.restart"] = "session.restart"
    payload: SessionCommandPayload


class SessionLogoutCommand(CommandEnvelope):
    """Unlinks the session's device, or ends its pairing."""

    command: Literal["session.logout"] = "session.logout"
    payload: SessionCommandPayload


class SessionPairCommand(CommandEnvelope):
    """Begins to pair the session. Result: {code}, and {expiresAt} where WhatsApp tells."""

    command: Literal["session.pair"] = "session.pair"
    payload: PairPayload


class ChannelCreateCommand(CommandEnvelope):
    """Event: newsletter.update with the action join. Result: {jid}."""

    command: Literal["channel.create"] = "channel.create"
    payload: ChannelCreatePayload


class ChannelFollowCommand(CommandEnvelope):
    """Event: newsletter.update with the action join."""

    command: Literal["channel.follow"] = "channel.follow"
    payload: ChannelPayload


class ChannelUnfollowCommand(CommandEnvelope):
    """Event: newsletter.update with the action leave."""

    command: Literal["channel.unfollow"] = "channel.unfollow"
    payload: ChannelPayload


class ChannelMuteCommand(CommandEnvelope):
    """Event: newsletter.update with the action mute or unmute."""

    command: Literal["channel.mute"] = "channel.mute"
    payload: ChannelMutePayload


class MessageSendCommand(CommandEnvelope):
    """Event: message.from_me. Result: {waMessageId, timestamp}, the time in ms; of one `rejected` as `rate_limited`
    {retryAfterSeconds}.
    """

    command: Literal["message.send"] = "message.send"
    payload: TextPayload


class MessageEditCommand(CommandEnvelope):
    """Event: message.edited."""

    command: Literal["message.edit"] = "message.edit"
    payload: MessageEditPayload


class MessageRevokeCommand(CommandEnvelope):
    """Event: message.revoked."""

    command: Literal["message.revoke"] = "message.revoke"
    payload: MessageTarget


class MessageReactCommand(CommandEnvelope):
    """Event: message.reaction."""

    command: Literal["message.react"] = "message.react"
    payload: MessageReactPayload


class ChatPushCommand(CommandEnvelope):
    """Tells WhatsApp of a chat's flags that the stored copy has taken on: best effort, published by the store. No event."""

    command: Literal["chat.update"] = "chat.update"
    payload: ChatUpdateCommandPayload


LiveCommand = Annotated[
    SessionRestartCommand
    | SessionLogoutCommand
    | SessionPairCommand
    | ChannelCreateCommand
    | ChannelFollowCommand
    | ChannelUnfollowCommand
    | ChannelMuteCommand
    | MessageSendCommand
    | MessageEditCommand
    | MessageRevokeCommand
    | MessageReactCommand
    | ChatPushCommand,
    Field(discriminator="command"),
]
LIVE_COMMAND_ADAPTER: Final[TypeAdapter[LiveCommand]] = TypeAdapter(LiveCommand)

REPEATABLE: Final = frozenset(
    {"session.restart", "session.logout", "channel.follow", "channel.unfollow", "channel.mute", "message.revoke", "message.react",
     "message.edit", "chat.update"}
)  # fmt: skip
"""Doing these twice comes to the same, so one that a crash cut short is done again. The others are then `unknown` (rule R6)."""

WITHOUT_CONNECTION: Final = frozenset({"session.restart", "session.logout", "session.pair"})
"""These do not need a session that is `working`."""


def key_of_live_command(command: LiveCommand) -> str:
    return command.session
