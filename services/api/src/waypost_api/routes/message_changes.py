"""Sending, editing and revoking messages, and reacting to them, on WhatsApp itself."""

from functools import partial
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field
from starlette.responses import Response

from waypost_api.call import Call
from waypost_api.commands.carry import Done, location_of, responds_async
from waypost_api.commands.submit import CommandFields
from waypost_api.json_response import JsonResponse
from waypost_api.lookups import message_id_or_404
from waypost_api.operation import SEND, Operation, Tag
from waypost_api.request_body import RequestBody, parse_body
from waypost_api.routes.live import LiveChatWish, LiveRequest, carry_out_live, session_alone
from waypost_api.views.addresses import JID, PERSON_OR_EMPTY
from waypost_api.views.send_request import SendRequest
from waypost_api.views.sending import SendResult, accepted_view, sent_view
from waypost_common.documents import OperationDocument
from waypost_common.errors import UnsupportedOperationError, ValidationFailedError
from waypost_common.identifiers import Jid, MessageId
from waypost_common.jids import InvalidJidError, is_person, parse_jid
from waypost_common.live_commands import (
    MAX_TEXT,
    MessageEditCommand,
    MessageEditPayload,
    MessageReactCommand,
    MessageReactPayload,
    MessageRevokeCommand,
    MessageSendCommand,
    MessageTarget,
    TextPayload,
)

MESSAGE_ID: Final = r"^[\x21-\x7e]{1,128}$"


class SendMessageBody(RequestBody):
    """Only text is built so far; `SendRequest` is what the document tells."""

    expected: ClassVar = {
        "type": "text",
        "to": "the JID of a person or group",
        "text": f"a text of 1 to {MAX_TEXT} characters",
        "replyTo": "the id of a message",
        "mentions": "a list of at most 1024 JIDs of people",
    }

    type: Literal["text", "poll", "location", "contact", "image", "video", "audio", "document", "sticker"]
    to: str
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)] | None = None
    replyTo: Annotated[str, Field(pattern=MESSAGE_ID)] | None = None  # noqa: N815  (as on the wire)
    mentions: Annotated[list[str], Field(max_length=1_024)] | None = None


class MessageTargetBody(RequestBody):
    expected: ClassVar = {"chat": "the JID of the message's chat", "sender": 'the JID of its author, "" for your own'}

    chat: Annotated[str, JID]
    """The JID of the message's chat."""
    sender: Annotated[str, PERSON_OR_EMPTY] = ""
    """The JID of the message's author; empty for a message of your own."""


class EditMessageBody(RequestBody):
    expected: ClassVar = {"chat": "the JID of the message's chat", "text": f"a text of 1 to {MAX_TEXT} characters"}

    chat: Annotated[str, JID]
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class AddReactionBody(MessageTargetBody):
    expected: ClassVar = {**MessageTargetBody.expected, "emoji": "an emoji of at most 64 characters"}

    emoji: Annotated[str, Field(min_length=1, max_length=64)]


def _jid(text: str, field: str, *, person: bool = False) -> Jid:
    try:
        jid = parse_jid(text)
    except InvalidJidError as error:
        raise ValidationFailedError("the body is malformed", fields={field: "must be a WhatsApp JID"}) from error
    if person and not is_person(jid):
        raise ValidationFailedError("the body is malformed", fields={field: "must be the JID of a person"})
    return jid


def _text_message(call: Call, body: bytes) -> LiveChatWish:
    sent = parse_body(SendMessageBody, body, status=400)
    if sent.type != "text":
        raise UnsupportedOperationError(f"messages of type {sent.type} cannot be sent yet; text can")
    if sent.text is None:
        raise ValidationFailedError("the body is malformed", fields={"text": f"must be {SendMessageBody.expected['text']}"})
    payload = TextPayload(
        to=_jid(sent.to, "to"),
        type="text",
        text=sent.text,
        reply_to=None if sent.replyTo is None else MessageId(sent.replyTo),
        mentions=None if sent.mentions is None else [_jid(one, "mentions", person=True) for one in sent.mentions],
        may_wait=True if responds_async(call) else None,
    )

    def command(fields: CommandFields, chat: Jid) -> MessageSendCommand:
        return MessageSendCommand(payload=payload.model_copy(update={"to": chat}), **fields)

    return LiveChatWish(sent.model_dump(), payload.to, command)


def _edit(call: Call, body: bytes) -> LiveChatWish:
    sent = parse_body(EditMessageBody, body, status=400)
    payload = MessageEditPayload(chat_jid=_jid(sent.chat, "chat"), message_id=_message(call), text=sent.text)

    def command(fields: CommandFields, chat: Jid) -> MessageEditCommand:
        return MessageEditCommand(payload=payload.model_copy(update={"chat_jid": chat}), **fields)

    return LiveChatWish(sent.model_dump(), payload.chat_jid, command)


def _revocation(call: Call, body: bytes) -> LiveChatWish:
    sent = parse_body(MessageTargetBody, body, status=400)
    payload = MessageTarget(chat_jid=_jid(sent.chat, "chat"), message_id=_message(call), sender_jid=_author(sent))

    def command(fields: CommandFields, chat: Jid) -> MessageRevokeCommand:
        return MessageRevokeCommand(payload=payload.model_copy(update={"chat_jid": chat}), **fields)

    return LiveChatWish(sent.model_dump(), payload.chat_jid, command)


def _reaction(call: Call, body: bytes) -> LiveChatWish:
    sent = parse_body(AddReactionBody, body, status=400)
    return _react(call, sent, sent.emoji)


def _no_reaction(call: Call, body: bytes) -> LiveChatWish:
    return _react(call, parse_body(MessageTargetBody, body, status=400), "")


def _react(call: Call, sent: MessageTargetBody, emoji: str) -> LiveChatWish:
    payload = MessageReactPayload(
        chat_jid=_jid(sent.chat, "chat"), message_id=_message(call), sender_jid=_author(sent), emoji=emoji
    )

    def command(fields: CommandFields, chat: Jid) -> MessageReactCommand:
        return MessageReactCommand(payload=payload.model_copy(update={"chat_jid": chat}), **fields)

    return LiveChatWish(sent.model_dump(), payload.chat_jid, command)


def _author(sent: MessageTargetBody) -> Jid | None:
    return _jid(sent.sender, "sender", person=True) if sent.sender else None


def _message(call: Call) -> MessageId:
    return message_id_or_404(call.path("mid"))


async def _sent(done: Done) -> Response:
    return JsonResponse(sent_view(done.outcome, replayed=done.replayed))


def _queued(operation: OperationDocument, replayed: bool) -> Response:
    return JsonResponse(accepted_view(operation, replayed=replayed), status=202, headers={"Location": location_of(operation)})


async def send_message(call: Call) -> Response:
    return await carry_out_live(
        call,
        LiveRequest(
            command="message.send",
            subject=session_alone,
            parse=_text_message,
            answer=_sent,
            accepted=_queued,
            waits_for_budget=True,
        ),
    )


async def edit_message(call: Call) -> Response:
    return await carry_out_live(
        call, LiveRequest(command="message.edit", subject=_message, parse=_edit, answer=_sent, accepted=_queued)
    )


async def revoke_message(call: Call) -> Response:
    return await carry_out_live(
        call, LiveRequest(command="message.revoke", subject=_message, parse=_revocation, answer=_sent, accepted=_queued)
    )


async def add_reaction(call: Call) -> Response:
    return await carry_out_live(
        call, LiveRequest(command="message.react", subject=_message, parse=_reaction, answer=_sent, accepted=_queued)
    )


async def remove_reaction(call: Call) -> Response:
    return await carry_out_live(
        call, LiveRequest(command="message.react", subject=_message, parse=_no_reaction, answer=_sent, accepted=_queued)
    )


MESSAGE: Final = "/sessions/{session}/messages/{mid}"

_operation: Final = partial(
    Operation,
    tag=Tag.MESSAGES,
    capabilities=SEND,
    answer=SendResult,
    accepted=SendResult,
    errors=(400, 404, 409, 429, 501),
    changes=True,
)

OPERATIONS: Final = (
    _operation(
        id="sendMessage", method="POST", path="/sessions/{session}/messages", title="Send a message", handler=send_message,
        body=SendRequest,
        description="Answers once the message can be read. Asynchronously it waits for the session's send limits (20 a minute, "
        "200 an hour), otherwise these are answered 429.",
    ),
    _operation(
        id="editMessage", method="PATCH", path=MESSAGE, title="Edit a sent text message", handler=edit_message,
        body=EditMessageBody,
    ),
    _operation(
        id="revokeMessage", method="DELETE", path=MESSAGE, title="Revoke a message (delete for everyone)",
        handler=revoke_message, body=MessageTargetBody,
    ),
    _operation(
        id="addReaction", method="POST", path=f"{MESSAGE}/reaction", title="Add a reaction to a message",
        handler=add_reaction, body=AddReactionBody,
        description="One of each person and message: a new one takes the place of the old.",
    ),
    _operation(
        id="removeReaction", method="DELETE", path=f"{MESSAGE}/reaction", title="Remove your reaction from a message",
        handler=remove_reaction, body=MessageTargetBody, description="Removing none changes nothing.",
    ),
)  # fmt: skip
