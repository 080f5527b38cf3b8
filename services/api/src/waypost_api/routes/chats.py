from typing import Final

from starlette.responses import Response

from waypost_api import query_parameters
from waypost_api.call import Call
from waypost_api.json_response import JsonResponse
from waypost_api.lookups import find_session, find_session_and_chat, require_session, scope_in_path
from waypost_api.operation import READ, Operation, QueryParameter, Tag
from waypost_api.pagination import PageRequest
from waypost_api.queries import chats
from waypost_api.views.chats import Chat, ChatList, chat_view
from waypost_common.errors import ValidationFailedError
from waypost_common.jids import ChatType
from waypost_common.mongo import Document

FLAGS: Final = ("archived", "unread", "pinned")
SERVED_BY_INDEXES: Final = frozenset({"archived", "unread"})
TYPES: Final = tuple(kind.value for kind in ChatType)


async def list_chats(call: Call) -> Response:
    scope = await scope_in_path(call)
    try:
        filters = _filters(call)
        bound_to = (call.operation, scope.organization, scope.session, *(f"{k}={v}" for k, v in filters.items()))
        page = PageRequest.of(call.request, call.state["cursors"], bound_to)
    except ValidationFailedError:
        await find_session(call)  # 404 goes before 400
        raise
    after = None if page.position is None else str(page.position[0])
    with call.searching(when=not SERVED_BY_INDEXES.issuperset(filters)):
        there, found = await chats.list_chats(scope, filters=filters, after=after, limit=page.limit + 1)
    require_session(call, there=there)
    shown, more = found[: page.limit], len(found) > page.limit
    now = call.now()
    answer: ChatList = {
        "data": [chat_view(chat, now=now) for chat in shown],
        "nextCursor": page.cursor_after([shown[-1]["sortKey"]]) if more else None,
    }
    return JsonResponse(answer)


def _filters(call: Call) -> Document:
    filters: Document = {}
    for flag in FLAGS:
        if (value := query_parameters.boolean(call.request, flag)) is not None:
            filters[flag] = value
    if (kind := query_parameters.choice(call.request, "type", TYPES)) is not None:
        filters["type"] = kind
    return filters


async def get_chat(call: Call) -> Response:
    _, chat = await find_session_and_chat(call)
    return JsonResponse(chat_view(chat, now=call.now()))


OPERATIONS: Final = (
    Operation(
        id="listChats", method="GET", path="/sessions/{session}/chats", title="List chats", tag=Tag.CHATS,
        capabilities=READ, handler=list_chats, answer=ChatList, errors=(400, 404),
        description="Pinned chats first, then the newest message first, then by JID. Served from the stored copy.",
        query=(
            *query_parameters.PAGE,
            *(QueryParameter(flag, f"Only chats that are {flag}, or (false) are not.", {"type": "boolean"}) for flag in FLAGS),
            QueryParameter("type", "Only chats of this kind.", {"type": "string", "enum": list(TYPES)}),
        ),
    ),
    Operation(
        id="getChat", method="GET", path="/sessions/{session}/chats/{cid}", title="Get a chat", tag=Tag.CHATS,
        capabilities=READ, handler=get_chat, answer=Chat,
        description="A direct chat is found by the phone JID and by the LID of the person.",
    ),
)  # fmt: skip
