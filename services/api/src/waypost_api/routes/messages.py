from typing import Final

from starlette.responses import Response

from waypost_api import query_parameters
from waypost_api.call import Call
from waypost_api.json_response import JsonResponse
from waypost_api.lookups import find_session, find_session_and_chat, newsletter_or_404
from waypost_api.operation import READ, SEND, Operation, QueryParameter, Tag
from waypost_api.pagination import PageRequest
from waypost_api.queries import chats, contacts, messages
from waypost_api.queries.scope import Scope
from waypost_api.views.addresses import JID_PATTERN, schema_of
from waypost_api.views.messages import Message, MessageList, message_view, names_of, people_of
from waypost_common.documents import ChatDocument, MessageDocument
from waypost_common.errors import NotFoundError
from waypost_common.identifiers import MessageId

MAX_MESSAGE_ID_LENGTH: Final = 128


async def list_chat_messages(call: Call) -> Response:
    scope, chat = await find_session_and_chat(call)
    return JsonResponse(await _page(call, scope, chat, end=None))


async def list_channel_messages(call: Call) -> Response:
    """A channel that nothing was ever received from is an empty page."""
    session = await find_session(call)
    jid = newsletter_or_404(call.path("jid"))
    chat = await chats.find_chat(session.scope, jid)
    if chat is None:
        _page_request(call, session.scope, jid)
        return JsonResponse({"data": [], "nextCursor": ""})
    return JsonResponse(await _page(call, session.scope, chat, end=""))


async def get_message(call: Call) -> Response:
    session = await find_session(call)
    jid = query_parameters.jid(call.request, "chat")
    if jid is None:
        raise query_parameters.missing("chat", "the JID of the message's chat")
    chat = await chats.find_chat(session.scope, jid)
    identifier = call.path("mid")
    if chat is None or len(identifier) > MAX_MESSAGE_ID_LENGTH:
        raise NotFoundError("message not found")
    message = await messages.find_message(session.scope, chat, MessageId(identifier))
    if message is None:
        raise NotFoundError("message not found")
    return JsonResponse((await _views(session.scope, [message]))[0])


def _page_request(call: Call, scope: Scope, jid: str) -> PageRequest:
    return PageRequest.of(call.request, call.state["cursors"], (call.operation, scope.organization, scope.session, jid))


async def _page(call: Call, scope: Scope, chat: ChatDocument, *, end: str | None) -> MessageList:
    page = _page_request(call, scope, chat["jid"])
    before = None if page.position is None else (int(page.position[0]), int(page.position[1]))
    found = await messages.list_messages(scope, chat, before=before, limit=page.limit + 1)
    shown = found[: page.limit]
    more = len(found) > page.limit
    return {
        "data": await _views(scope, shown),
        "nextCursor": page.cursor_after([shown[-1]["effectiveAt"], shown[-1]["offset"]]) if more else end,
    }


async def _views(scope: Scope, found: list[MessageDocument]) -> list[Message]:
    names = names_of(await contacts.find_named(scope, people_of(found)))
    return [message_view(message, names) for message in found]


OPERATIONS: Final = (
    Operation(
        id="listChatMessages", method="GET", path="/sessions/{session}/chats/{cid}/messages", title="List chat messages",
        tag=Tag.CHATS, capabilities=READ, handler=list_chat_messages, answer=MessageList, errors=(400, 404),
        query=query_parameters.PAGE, description="The stored history of a chat, newest first.",
    ),
    Operation(
        id="listChannelMessages", method="GET", path="/sessions/{session}/channels/{jid}/messages",
        title="List stored channel messages", tag=Tag.CHANNELS, capabilities=SEND, handler=list_channel_messages,
        answer=MessageList, errors=(400, 404), query=query_parameters.PAGE,
        description="What the gateway has received from a channel, newest first; never received from: an empty page.",
    ),
    Operation(
        id="getMessage", method="GET", path="/sessions/{session}/messages/{mid}", title="Get one message", tag=Tag.MESSAGES,
        capabilities=READ, handler=get_message, answer=Message, errors=(400, 404),
        query=(QueryParameter("chat", "The JID of the message's chat.", schema_of(JID_PATTERN), required=True),),
    ),
)  # fmt: skip
