"""How a request of this dialect is carried through: found, read, asked for as a command, answered once its effect can be read."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from waypost_api.call import Call
from waypost_api.commands.answers import error_of_outcome
from waypost_api.commands.chat_commands import MakeChatCommand
from waypost_api.commands.operations import hash_of_request
from waypost_api.commands.submit import command_fields, outcome_of, submission_of
from waypost_api.queries.scope import Scope
from waypost_api.request_body import read_body
from waypost_api.second_dialect.bodies import Fields
from waypost_api.second_dialect.errors import chat_not_found, not_connected
from waypost_api.second_dialect.instances import address_of_new_chat, find_chat_of, find_instance
from waypost_api.second_dialect.numbers import forms_of
from waypost_api.second_dialect.replies import ChatReply
from waypost_common.errors import NotFoundError
from waypost_common.identifiers import EpochMs, Jid

CONNECTED = "working"


class WithoutChat(Enum):
    """What becomes of a change whose chat is not stored."""

    REFUSE = auto()
    CREATE = auto()
    NOTHING_TO_DO = auto()
    """The state that is asked for is that of a chat which is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    number: Jid
    command: MakeChatCommand
    reply: Callable[[Jid], ChatReply]
    """Given the JID under which the chat is kept."""
    without_chat: WithoutChat = WithoutChat.REFUSE


ParseChange = Callable[[Fields, EpochMs], Change]
"""From the body, at that time. Raises RequestRefusedError."""


async def carry_out(call: Call, parse: ParseChange) -> ChatReply:
    """Raises the errors of this dialect, in this order: no such instance, the body's, not connected, no such chat."""
    with call.reading():
        instance = await find_instance(call)
    body = await read_body(call.request, call.state["settings"].http)
    change = parse(Fields(body), call.now())
    if instance.document["status"] != CONNECTED:
        raise not_connected()
    with call.reading():
        jid = await _address(instance.scope, change)
    if jid is None:
        return change.reply(change.number)
    await _apply(call, instance.scope, change, jid)
    return change.reply(jid)


async def _address(scope: Scope, change: Change) -> Jid | None:
    """Where the command goes; None when there is nothing to do."""
    forms = forms_of(change.number)
    chat = await find_chat_of(scope, forms)
    if chat is not None:
        return chat["jid"]
    match change.without_chat:
        case WithoutChat.REFUSE:
            raise chat_not_found()
        case WithoutChat.CREATE:
            return await address_of_new_chat(scope, forms)
        case WithoutChat.NOTHING_TO_DO:
            return None


async def _apply(call: Call, scope: Scope, change: Change, jid: Jid) -> None:
    command = change.command(command_fields(call, scope), jid)
    payload: dict[str, Any] = command.payload.model_dump(exclude_unset=True)
    request_hash = hash_of_request(call.operation, scope.session, payload)
    outcome = await outcome_of(call, submission_of(call, command, request_hash=request_hash, generation=scope.generation))
    error = error_of_outcome(outcome)
    if isinstance(error, NotFoundError):
        if change.without_chat is WithoutChat.NOTHING_TO_DO:
            return
        raise chat_not_found()
    if error is not None:
        raise error
