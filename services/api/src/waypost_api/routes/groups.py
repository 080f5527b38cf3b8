from typing import Final

from starlette.responses import Response

from waypost_api.call import Call
from waypost_api.json_response import JsonResponse
from waypost_api.lookups import find_group, find_session
from waypost_api.operation import READ, Operation, Tag
from waypost_api.queries import groups
from waypost_api.views.groups import Group, GroupList, GroupMemberList, group_view, member_view


async def list_groups(call: Call) -> Response:
    session = await find_session(call)
    answer: GroupList = {"data": [group_view(group) for group in await groups.list_groups(session.scope)], "nextCursor": ""}
    return JsonResponse(answer)


async def get_group(call: Call) -> Response:
    session = await find_session(call)
    return JsonResponse(group_view(await find_group(call, session.scope)))


async def list_group_members(call: Call) -> Response:
    session = await find_session(call)
    group = await find_group(call, session.scope)
    found = await groups.list_members(session.scope, group["jid"])
    answer: GroupMemberList = {"data": [member_view(member) for member in found], "nextCursor": ""}
    return JsonResponse(answer)


OPERATIONS: Final = (
    Operation(
        id="listGroups", method="GET", path="/sessions/{session}/groups", title="List groups", tag=Tag.GROUPS,
        capabilities=READ, handler=list_groups, answer=GroupList,
        description="A single page of at most 10,000, by JID. Served from the stored copy.",
    ),
    Operation(
        id="getGroup", method="GET", path="/sessions/{session}/groups/{gid}", title="Get one group", tag=Tag.GROUPS,
        capabilities=READ, handler=get_group, answer=Group,
    ),
    Operation(
        id="listGroupMembers", method="GET", path="/sessions/{session}/groups/{gid}/members", title="List a group's members",
        tag=Tag.GROUPS, capabilities=READ, handler=list_group_members, answer=GroupMemberList,
        description="A single page of at most 10,000, by JID.",
    ),
)  # fmt: skip
