"""Operations of the contract that are not built yet: 501 after 401, 403 and 404, from this one table."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from starlette.responses import Response

from waypost_api.call import Call
from waypost_api.lookups import (
    find_chat,
    find_group,
    find_session,
    find_session_of_any_organization,
    person_or_404,
)
from waypost_api.operation import EVENTS, MANAGE, OPERATOR, READ, SEND, Handler, Operation, Tag
from waypost_common.api_keys import Permission
from waypost_common.errors import UnsupportedOperationError

Lookup = Callable[[Call], Awaitable[object]]


async def nothing(_call: Call) -> None:
    pass


async def session(call: Call) -> None:
    await find_session(call)


async def chat(call: Call) -> None:
    found = await find_session(call)
    await find_chat(call, found.scope)


async def group(call: Call) -> None:
    found = await find_session(call)
    await find_group(call, found.scope)


async def person(call: Call) -> None:
    await find_session(call)
    person_or_404(call.path("jid"))


async def any_session(call: Call) -> None:
    await find_session_of_any_organization(call)


class Row(NamedTuple):
    id: str
    method: str
    path: str
    capabilities: frozenset[Permission]
    lookup: Lookup
    tag: Tag
    title: str


SESSION: Final = "/sessions/{session}"
CONTACT: Final = f"{SESSION}/contacts/{{jid}}"
GROUP: Final = f"{SESSION}/groups/{{gid}}"
MESSAGE: Final = f"{SESSION}/messages/{{mid}}"
ADMIN: Final = "/admin/sessions"

ROWS: Final = (
    Row("setChatPresence", "PUT", f"{SESSION}/chats/{{cid}}/presence", SEND, chat, Tag.CHATS,
        "Set chat presence (typing/recording)"),
    Row("checkContact", "GET", f"{SESSION}/contacts/check", READ, session, Tag.CONTACTS,
        "Check whether a phone number is on WhatsApp"),
    Row("getContactAbout", "GET", f"{CONTACT}/about", READ, person, Tag.CONTACTS, "Get a contact's about text"),
    Row("getContactPicture", "GET", f"{CONTACT}/picture", READ, person, Tag.CONTACTS, "Get a contact's profile picture"),
    Row("blockContact", "POST", f"{CONTACT}/block", SEND, person, Tag.CONTACTS, "Block a contact"),
    Row("unblockContact", "POST", f"{CONTACT}/unblock", SEND, person, Tag.CONTACTS, "Unblock a contact"),
    Row("createGroup", "POST", f"{SESSION}/groups", SEND, session, Tag.GROUPS, "Create a group"),
    Row("updateGroup", "PATCH", GROUP, SEND, group, Tag.GROUPS, "Update group settings"),
    Row("getGroupInvite", "GET", f"{GROUP}/invite", READ, group, Tag.GROUPS, "Get the group invite link"),
    Row("revokeGroupInvite", "DELETE", f"{GROUP}/invite", SEND, group, Tag.GROUPS, "Reset the group invite link"),
    Row("addGroupMembers", "POST", f"{GROUP}/members", SEND, group, Tag.GROUPS, "Add members to a group"),
    Row("removeGroupMember", "DELETE", f"{GROUP}/members/{{jid}}", SEND, group, Tag.GROUPS, "Remove a member from a group"),
    Row("promoteGroupMember", "POST", f"{GROUP}/members/{{jid}}/promote", SEND, group, Tag.GROUPS, "Promote a member to admin"),
    Row("demoteGroupMember", "POST", f"{GROUP}/members/{{jid}}/demote", SEND, group, Tag.GROUPS, "Demote an admin to member"),
    Row("approveGroupMembers", "POST", f"{GROUP}/members:approve", SEND, group, Tag.GROUPS, "Approve pending join requests"),
    Row("joinGroup", "POST", f"{SESSION}/groups:join", SEND, session, Tag.GROUPS, "Join a group by invite"),
    Row("leaveGroup", "POST", f"{GROUP}:leave", SEND, group, Tag.GROUPS, "Leave a group"),
    Row("forwardMessage", "POST", f"{MESSAGE}/forward", SEND, session, Tag.MESSAGES, "Forward a message to another chat"),
    Row("voteMessage", "POST", f"{MESSAGE}/vote", SEND, session, Tag.MESSAGES, "Vote on a poll message"),
    Row("setPresence", "PUT", f"{SESSION}/presence", SEND, session, Tag.PRESENCE, "Set account presence"),
    Row("postStatus", "POST", f"{SESSION}/status", SEND, session, Tag.STATUS, "Post a status update"),
    Row("listWebhooks", "GET", "/webhooks", MANAGE, nothing, Tag.WEBHOOKS, "List webhooks"),
    Row("createWebhook", "POST", "/webhooks", MANAGE, nothing, Tag.WEBHOOKS, "Create a webhook"),
    Row("getWebhook", "GET", "/webhooks/{id}", MANAGE, nothing, Tag.WEBHOOKS, "Get a webhook"),
    Row("updateWebhook", "PATCH", "/webhooks/{id}", MANAGE, nothing, Tag.WEBHOOKS, "Update a webhook"),
    Row("deleteWebhook", "DELETE", "/webhooks/{id}", MANAGE, nothing, Tag.WEBHOOKS, "Delete a webhook"),
    Row("createRealtimeTicket", "POST", "/realtime/ticket", EVENTS, nothing, Tag.EVENTS, "Get a ticket for the realtime socket"),
    Row("importBackup", "POST", f"{SESSION}/backfill", MANAGE, session, Tag.BACKUP, "Import a backup"),
    Row("backupStatus", "GET", f"{SESSION}/backfill", MANAGE, session, Tag.BACKUP, "Get the state of the backup import"),
    Row("getPipeline", "GET", "/pipeline", OPERATOR, nothing, Tag.OPERATIONS, "Get throughput, lag and dead letters"),
)  # fmt: skip

ADMIN_ROWS: Final = (
    Row("adminListSessions", "GET", ADMIN, frozenset(), nothing, Tag.ADMIN, "List the sessions of all organizations"),
    Row("adminStartSessionBackfill", "POST", f"{ADMIN}/{{session}}:backfill", frozenset(), any_session, Tag.ADMIN,
        "Start a backfill of a session"),
    Row("adminSessionBackfillStatus", "GET", f"{ADMIN}/{{session}}/backfill", frozenset(), any_session, Tag.ADMIN,
        "Get the state of a session's backfill"),
)  # fmt: skip


def _handler(row: Row) -> Handler:
    async def refuse(call: Call) -> Response:
        await row.lookup(call)
        raise UnsupportedOperationError(f"{row.id} is not implemented yet")

    return refuse


def _operation(row: Row, *, super_admin: bool) -> Operation:
    return Operation(
        id=row.id,
        method=row.method,
        path=row.path,
        title=row.title,
        tag=row.tag,
        capabilities=row.capabilities,
        handler=_handler(row),
        super_admin=super_admin,
        implemented=False,
        success=501,
        errors=(404, 501) if "{" in row.path else (501,),
    )


OPERATIONS: Final = (
    *(_operation(row, super_admin=False) for row in ROWS),
    *(_operation(row, super_admin=True) for row in ADMIN_ROWS),
)
