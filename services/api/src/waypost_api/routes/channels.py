from typing import Final

from starlette.responses import Response

from waypost_api import query_parameters
from waypost_api.call import Call
from waypost_api.json_response import JsonResponse
from waypost_api.lookups import find_session, newsletter_or_404
from waypost_api.operation import READ_OR_SEND, Operation, Tag
from waypost_api.pagination import PageRequest
from waypost_api.queries import channels, chats
from waypost_api.views.channels import Channel, ChannelList, channel_view
from waypost_common.errors import NotFoundError


async def list_channels(call: Call) -> Response:
    session = await find_session(call)
    bound_to = (call.operation, session.scope.organization, session.scope.session)
    page = PageRequest.of(call.request, call.state["cursors"], bound_to)
    after = None if page.position is None else str(page.position[0])
    found = await channels.list_channels(session.scope, after=after, limit=page.limit + 1)
    shown, more = found[: page.limit], len(found) > page.limit
    times = await chats.last_message_times(session.scope, [channel["jid"] for channel in shown])
    answer: ChannelList = {
        "data": [channel_view(channel, last_message_at=times.get(channel["jid"])) for channel in shown],
        "nextCursor": page.cursor_after([shown[-1]["jid"]]) if more else "",
    }
    return JsonResponse(answer)


async def get_channel(call: Call) -> Response:
    session = await find_session(call)
    jid = newsletter_or_404(call.path("jid"))
    channel = await channels.find_channel(session.scope, jid)
    if channel is None:
        raise NotFoundError("channel not found")
    times = await chats.last_message_times(session.scope, [jid])
    return JsonResponse(channel_view(channel, last_message_at=times.get(jid)))


OPERATIONS: Final = (
    Operation(
        id="listChannels", method="GET", path="/sessions/{session}/channels", title="List channels", tag=Tag.CHANNELS,
        capabilities=READ_OR_SEND, handler=list_channels, answer=ChannelList, errors=(400, 404),
        query=query_parameters.PAGE, description="The channels that the session follows or has followed, by JID.",
    ),
    Operation(
        id="getChannel", method="GET", path="/sessions/{session}/channels/{jid}", title="Get a channel", tag=Tag.CHANNELS,
        capabilities=READ_OR_SEND, handler=get_channel, answer=Channel,
    ),
)  # fmt: skip
