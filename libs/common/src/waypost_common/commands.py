"""Commands: what somebody asks for. The store turns those about the stored copy into one event each; connectors do the rest."""

from typing import Annotated, Final, Literal

import orjson
from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

from waypost_common.events import chat_key
from waypost_common.fields import (
    CommandIdField,
    Contract,
    EpochMsField,
    JidField,
    OrganizationIdField,
    SessionIdField,
    ShortText,
)


class CommandPart(Contract):
    model_config = ConfigDict(alias_generator=to_camel)


class Actor(CommandPart):
    """Who asked: never a secret, only the kind of credential and its id."""

    kind: Literal["api_key", "user", "system", "program"]
    id: ShortText


class ChatUpdateCommandPayload(CommandPart):
    """`mutedUntil: null` clears the mute; absent leaves it."""

    chat_jid: JidField
    archived: bool | None = None
    pinned: bool | None = None
    muted_until: EpochMsField | None = None
    create_if_missing: bool | None = None


class ChatCommandPayload(CommandPart):
    chat_jid: JidField


class SessionCreatePayload(CommandPart):
    label: ShortText | None = None
    auto_read: bool | None = None
    presence_typing: bool | None = None
    start: bool | None = None
    created_by_user_id: ShortText | None = None
    backend: ShortText | None = None


class SessionCommandPayload(CommandPart):
    pass


class CommandEnvelope(CommandPart):
    schema_version: Literal["v1"] = Field(alias="schema", default="v1")
    id: CommandIdField
    session: SessionIdField
    organization: OrganizationIdField
    actor: Actor
    issued_at: EpochMsField
    deadline: EpochMsField
    """An executor does not start after this (ms, UTC)."""
    command: str


class ChatUpdateCommand(CommandEnvelope):
    command: Literal["chat.update"] = "chat.update"
    payload: ChatUpdateCommandPayload


class ChatReadCommand(CommandEnvelope):
    command: Literal["chat.read"] = "chat.read"
    payload: ChatCommandPayload


class ChatUnreadCommand(CommandEnvelope):
    command: Literal["chat.unread"] = "chat.unread"
    payload: ChatCommandPayload


class ChatDeleteCommand(CommandEnvelope):
    command: Literal["chat.delete"] = "chat.delete"
    payload: ChatCommandPayload


class SessionCreateCommand(CommandEnvelope):
    command: Literal["session.create"] = "session.create"
    payload: SessionCreatePayload


class SessionDeleteCommand(CommandEnvelope):
    command: Literal["session.delete"] = "session.delete"
    payload: SessionCommandPayload


class SessionStartCommand(CommandEnvelope):
    command: Literal["session.start"] = "session.start"
    payload: SessionCommandPayload


class SessionStopCommand(CommandEnvelope):
    command: Literal["session.stop"] = "session.stop"
    payload: SessionCommandPayload


ChatCommand = ChatUpdateCommand | ChatReadCommand | ChatUnreadCommand | ChatDeleteCommand
SessionCommand = SessionCreateCommand | SessionDeleteCommand | SessionStartCommand | SessionStopCommand
StoreCommand = Annotated[ChatCommand | SessionCommand, Field(discriminator="command")]
STORE_COMMAND_ADAPTER: Final[TypeAdapter[StoreCommand]] = TypeAdapter(StoreCommand)


def encode_command(command: CommandEnvelope) -> bytes:
    """The command as it stands on the topic; fields that were never set stay absent (but the defaults that name it)."""
    body = command.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return orjson.dumps(body | {"schema": command.schema_version, "command": command.command})


def key_of_command(command: StoreCommand) -> str:
    """The same key as the event it becomes, so that a chat's commands keep their order."""
    match command.payload:
        case ChatUpdateCommandPayload(chat_jid=jid) | ChatCommandPayload(chat_jid=jid):
            return chat_key(command.session, jid)
        case _:
            return command.session
