"""Operations of the contract that are not built yet: 501 after 401, 403 and 404, from this one table."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from starlette.responses import Response

from waypost_api.call import Call
from waypost_api.lookups import (
    find_chat,
    find_group,
    find_session,
    find_session_of_any_organization,
    person_or_404,
)
from waypost_api.operation import EVENTS, MANAGE, READ, SEND, Handler, Operation, QueryParameter, Tag
from waypost_api.unbuilt import answers, bodies
from waypost_api.views.sending import SendResult
from waypost_api.views.sessions import WASessionList
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
    success: int
    """501 where none is foreseen."""
    answer: Any = None
    body: Any = None
    errors: tuple[int, ...] = ()
    """Statuses beside 404 of what the path names, and 501."""
    description: str = ""
    query: tuple[QueryParameter, ...] = ()
    body_required: bool = True
    body_media: str = "application/json"


SESSION: Final = "/sessions/{session}"
CONTACT: Final = f"{SESSION}/contacts/{{jid}}"
GROUP: Final = f"{SESSION}/groups/{{gid}}"
MESSAGE: Final = f"{SESSION}/messages/{{mid}}"
ADMIN: Final = "/admin/sessions"
REPEATABLE: Final = "Idempotent."
PHONE: Final = QueryParameter(
    "phone", "The number's digits with the country code, perhaps after a +.", {"type": "string"}, required=True
)

ROWS: Final = (
    Row("setChatPresence", "PUT", f"{SESSION}/chats/{{cid}}/presence", SEND, chat, Tag.CHATS,
        "Set chat presence (typing/recording)", 204, body=bodies.ChatPresenceBody, errors=(400, 422)),
    Row("checkContact", "GET", f"{SESSION}/contacts/check", READ, session, Tag.CONTACTS,
        "Check whether a phone number is on WhatsApp", 200, answers.ContactCheck, errors=(400,), query=(PHONE,)),
    Row("getContactAbout", "GET", f"{CONTACT}/about", READ, person, Tag.CONTACTS, "Get a contact's about text", 200,
        answers.ContactAbout),
    Row("getContactPicture", "GET", f"{CONTACT}/picture", READ, person, Tag.CONTACTS, "Get a contact's profile picture", 200,
        answers.ContactPicture, description="404 also without a picture that may be seen."),
    Row("blockContact", "POST", f"{CONTACT}/block", SEND, person, Tag.CONTACTS, "Block a contact", 204, description=REPEATABLE),
    Row("unblockContact", "POST", f"{CONTACT}/unblock", SEND, person, Tag.CONTACTS, "Unblock a contact", 204,
        description=REPEATABLE),
    Row("createGroup", "POST", f"{SESSION}/groups", SEND, session, Tag.GROUPS, "Create a group", 201, answers.GroupInfo,
        bodies.CreateGroupBody, (400,), "The account becomes its owner. Every call makes another group."),
    Row("updateGroup", "PATCH", GROUP, SEND, group, Tag.GROUPS, "Update group settings", 204, None, bodies.UpdateGroupBody,
        (400,)),
    Row("getGroupInvite", "GET", f"{GROUP}/invite", READ, group, Tag.GROUPS, "Get the group invite link", 200,
        answers.GroupInvite, description="For an administrator of the group."),
    Row("revokeGroupInvite", "DELETE", f"{GROUP}/invite", SEND, group, Tag.GROUPS, "Reset the group invite link", 200,
        answers.GroupInvite, description="The old link ends at once; the answer is the new one."),
    Row("addGroupMembers", "POST", f"{GROUP}/members", SEND, group, Tag.GROUPS, "Add members to a group", 204, None,
        bodies.GroupMembersBody, (400,), "Those who are members already stay as they are; WhatsApp may decline some."),
    Row("removeGroupMember", "DELETE", f"{GROUP}/members/{{jid}}", SEND, group, Tag.GROUPS, "Remove a member from a group", 204),
    Row("promoteGroupMember", "POST", f"{GROUP}/members/{{jid}}/promote", SEND, group, Tag.GROUPS,
        "Promote a member to admin", 204, description=REPEATABLE),
    Row("demoteGroupMember", "POST", f"{GROUP}/members/{{jid}}/demote", SEND, group, Tag.GROUPS, "Demote an admin to member",
        204, description=REPEATABLE),
    Row("approveGroupMembers", "POST", f"{GROUP}/members:approve", SEND, group, Tag.GROUPS, "Approve pending join requests",
        501, body=bodies.GroupMembersBody, description="The body is ignored.", body_required=False),
    Row("joinGroup", "POST", f"{SESSION}/groups:join", SEND, session, Tag.GROUPS, "Join a group by invite", 200,
        answers.JoinedGroup, bodies.JoinGroupBody, (400,), "A member gets the JID as well."),
    Row("leaveGroup", "POST", f"{GROUP}:leave", SEND, group, Tag.GROUPS, "Leave a group", 204,
        description="What is stored of it stays readable."),
    Row("forwardMessage", "POST", f"{MESSAGE}/forward", SEND, session, Tag.MESSAGES, "Forward a message to another chat", 200,
        SendResult, bodies.ForwardMessageBody, (400,), "As a text that is marked as forwarded."),
    Row("voteMessage", "POST", f"{MESSAGE}/vote", SEND, session, Tag.MESSAGES, "Vote on a poll message", 200, SendResult,
        bodies.VoteMessageBody, (400,)),
    Row("setPresence", "PUT", f"{SESSION}/presence", SEND, session, Tag.PRESENCE, "Set account presence", 204, None,
        bodies.PresenceBody, (400,)),
    Row("postStatus", "POST", f"{SESSION}/status", SEND, session, Tag.STATUS, "Post a status update", 200,
        answers.PostedStatus, bodies.StatusBody, (400,), "Every call posts another."),
    Row("listWebhooks", "GET", "/webhooks", MANAGE, nothing, Tag.WEBHOOKS, "List webhooks", 200, answers.WebhookList,
        description="A single page."),
    Row("createWebhook", "POST", "/webhooks", MANAGE, nothing, Tag.WEBHOOKS, "Create a webhook", 201, answers.Webhook,
        bodies.CreateWebhookBody, (422,)),
    Row("getWebhook", "GET", "/webhooks/{id}", MANAGE, nothing, Tag.WEBHOOKS, "Get a webhook", 200, answers.Webhook),
    Row("updateWebhook", "PATCH", "/webhooks/{id}", MANAGE, nothing, Tag.WEBHOOKS, "Update a webhook", 200, answers.Webhook,
        bodies.UpdateWebhookBody, (422,)),
    Row("deleteWebhook", "DELETE", "/webhooks/{id}", MANAGE, nothing, Tag.WEBHOOKS, "Delete a webhook", 204,
        description="Deliveries that wait are dropped."),
    Row("createRealtimeTicket", "POST", "/realtime/ticket", EVENTS, nothing, Tag.EVENTS, "Get a ticket for the realtime socket",
        200, answers.RealtimeTicket, bodies.RealtimeTicketBody, (400,), body_required=False),
    Row("importBackup", "POST", f"{SESSION}/backfill", MANAGE, session, Tag.BACKUP, "Import a backup", 202,
        answers.BackfillImport, bodies.ImportBackupBody, (400, 409, 429),
        "One at a time for a session (409), and one in 24 hours (429).", body_media="multipart/form-data"),
    Row("backupStatus", "GET", f"{SESSION}/backfill", MANAGE, session, Tag.BACKUP, "Get the state of the backup import", 200,
        answers.BackfillImport),
)  # fmt: skip

ADMIN_ROWS: Final = (
    Row("adminListSessions", "GET", ADMIN, frozenset(), nothing, Tag.ADMIN, "List the sessions of all organizations", 200,
        WASessionList, description="A single page."),
    Row("adminStartSessionBackfill", "POST", f"{ADMIN}/{{session}}:backfill", frozenset(), any_session, Tag.ADMIN,
        "Start a backfill of a session", 202, answers.BackfillJob, errors=(409,),
        description="Reads contacts and groups anew, not the history. One at a time for a session (409)."),
    Row("adminSessionBackfillStatus", "GET", f"{ADMIN}/{{session}}/backfill", frozenset(), any_session, Tag.ADMIN,
        "Get the state of a session's backfill", 200, answers.BackfillJob),
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
        success=row.success,
        answer=row.answer,
        body=row.body,
        body_required=row.body_required,
        body_media=row.body_media,
        query=row.query,
        description=row.description,
        errors=tuple(sorted({501, *row.errors, *((404,) if "{" in row.path else ())})),
    )


OPERATIONS: Final = (
    *(_operation(row, super_admin=False) for row in ROWS),
    *(_operation(row, super_admin=True) for row in ADMIN_ROWS),
)
