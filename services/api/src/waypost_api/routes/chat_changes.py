"""Changes of a chat: each is a command, answered once its effect can be read."""

from typing import Annotated, Any, ClassVar, Final

from pydantic import Field
from starlette.responses import Response

from waypost_api.call import Call
from waypost_api.commands.chat_commands import ChatChanges, chat_delete, chat_read, chat_unread, chat_update
from waypost_api.json_response import JsonResponse
from waypost_api.operation import SEND, Operation, Tag
from waypost_api.request_body import WHOLE_NUMBER, RequestBody, parse_body
from waypost_api.routes.changes import Answer, Wish, change_chat, simple_wish
from waypost_api.views.chats import Chat, chat_view
from waypost_common.identifiers import FOREVER, EpochMs


def _without_default(told: dict[str, Any]) -> None:
    del told["default"]


_UNCHANGED: Final = Field(json_schema_extra=_without_default)
"""Of a field without which nothing changes: what stands for it in the model is no default."""


class UpdateChatBody(RequestBody):
    """Only the fields that are sent are changed; null is no value."""

    expected: ClassVar = {
        "archived": "true or false",
        "pinned": "true or false",
        "mutedUntil": f"an integer, epoch milliseconds, from 0 to {FOREVER}",
        "unmute": "true or false",
    }

    archived: Annotated[bool, _UNCHANGED] = False
    pinned: Annotated[bool, _UNCHANGED] = False
    mutedUntil: Annotated[int, Field(ge=0, le=FOREVER), WHOLE_NUMBER, _UNCHANGED] = 0  # noqa: N815  (as on the wire)
    """Mute until then: epoch milliseconds. A time that has passed clears the mute."""
    unmute: bool = False
    """Clears the mute, whatever `mutedUntil` says."""


def update_wish(body: UpdateChatBody, *, now: EpochMs) -> Wish:
    sent = body.model_dump(exclude_unset=True)
    changes: ChatChanges = {}
    if "archived" in sent:
        changes["archived"] = body.archived
    if "pinned" in sent:
        changes["pinned"] = body.pinned
    if body.unmute:
        changes["muted_until"] = None
    elif "mutedUntil" in sent:
        changes["muted_until"] = EpochMs(body.mutedUntil) if body.mutedUntil > now else None
    return Wish(fingerprint=sent, command=chat_update(**changes) if changes else None)


async def update_chat(call: Call) -> Response:
    def parse(body: bytes) -> Wish:
        return update_wish(parse_body(UpdateChatBody, body, status=422), now=call.now())

    return await change_chat(call, parse, _shown(call))


async def delete_chat(call: Call) -> Response:
    return await change_chat(call, simple_wish(chat_delete), None)


async def read_chat(call: Call) -> Response:
    return await change_chat(call, simple_wish(chat_read), _shown(call))


async def unread_chat(call: Call) -> Response:
    return await change_chat(call, simple_wish(chat_unread), _shown(call))


def _shown(call: Call) -> Answer:
    return lambda chat: JsonResponse(chat_view(chat, now=call.now()))


CHAT_PATH: Final = "/sessions/{session}/chats/{cid}"

OPERATIONS: Final = (
    Operation(
        id="updateChat", method="PATCH", path=CHAT_PATH, title="Update a chat (archive/pin/mute)", tag=Tag.CHATS,
        capabilities=SEND, handler=update_chat, answer=Chat, body=UpdateChatBody, body_status=422,
        errors=(400, 404, 409, 422), changes=True, description="Answers once the change can be read.",
    ),
    Operation(
        id="deleteChat", method="DELETE", path=CHAT_PATH, title="Delete a chat", tag=Tag.CHATS, capabilities=SEND,
        handler=delete_chat, success=204, errors=(400, 404, 409), changes=True,
        description="From the stored copy only, with its messages; new activity may bring it back.",
    ),
    Operation(
        id="readChat", method="POST", path=f"{CHAT_PATH}/read", title="Mark a chat as read", tag=Tag.CHATS,
        capabilities=SEND, handler=read_chat, answer=Chat, errors=(400, 404, 409), changes=True,
        description="The gateway's own unread counter only: WhatsApp gets no read receipts.",
    ),
    Operation(
        id="unreadChat", method="POST", path=f"{CHAT_PATH}/unread", title="Mark a chat as unread", tag=Tag.CHATS,
        capabilities=SEND, handler=unread_chat, answer=Chat, errors=(400, 404, 409), changes=True,
    ),
)  # fmt: skip
