"""What a request names, found or answered 404."""

import re
from dataclasses import dataclass
from typing import Final

from waypost_api.call import Call
from waypost_api.queries import chats, groups, sessions
from waypost_api.queries.scope import Scope
from waypost_common.documents import ChatDocument, GroupDocument, SessionDocument
from waypost_common.errors import NotFoundError
from waypost_common.identifiers import Jid, MessageId, SessionId
from waypost_common.jids import InvalidJidError, is_group, is_newsletter, is_person, parse_jid

_MESSAGE_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True, slots=True)
class OwnedSession:
    document: SessionDocument
    scope: Scope


async def find_session(call: Call) -> OwnedSession:
    """The session in the path. Raises NotFoundError alike for none and for one out of the caller's reach (rule R8)."""
    return await find_session_named(call, call.path("session"))


async def find_session_named(call: Call, text: str) -> OwnedSession:
    """The same, of a session that is named elsewhere."""
    database = call.state["database"]
    generation = await call.state["generations"].live()
    document = await sessions.find_session(database, generation, call.principal.organization, text)
    if document is None or not call.principal.reaches(text):
        raise NotFoundError("session not found")
    scope = Scope(database, generation, document["organization"], document["session"])
    return OwnedSession(document, scope)


async def scope_in_path(call: Call) -> Scope:
    """Of the session in the path, of which is not known yet whether it is there: `require_session`."""
    generation = await call.state["generations"].live()
    return Scope(call.state["database"], generation, call.principal.organization, SessionId(call.path("session")))


def require_session(call: Call, *, there: bool) -> None:
    """After a query that told of it. Raises NotFoundError alike for none and for one out of the caller's reach (rule R8)."""
    if not there or not call.principal.reaches(call.path("session")):
        raise NotFoundError("session not found")


async def find_session_of_any_organization(call: Call) -> SessionDocument:
    generation = await call.state["generations"].live()
    document = await sessions.find_session_of_any_organization(call.state["database"], generation, call.path("session"))
    if document is None:
        raise NotFoundError("session not found")
    return document


async def find_chat(call: Call, scope: Scope) -> ChatDocument:
    """The visible chat of the path's `cid`. Raises NotFoundError for any other text."""
    chat = await chats.find_chat(scope, jid_or_404(call.path("cid"), "chat"))
    if chat is None:
        raise NotFoundError("chat not found")
    return chat


async def find_session_and_chat(call: Call) -> tuple[Scope, ChatDocument]:
    """The visible chat of the path's `cid` and the scope of its session. Raises NotFoundError."""
    try:
        jid = parse_jid(call.path("cid"))
    except InvalidJidError as error:
        await find_session(call)
        raise NotFoundError("chat not found") from error
    scope = await scope_in_path(call)
    there, chat = await chats.find_chat_and_session(scope, jid)
    require_session(call, there=there)
    if chat is None:
        raise NotFoundError("chat not found")
    return scope, chat


def jid_or_404(text: str, what: str) -> Jid:
    try:
        return parse_jid(text)
    except InvalidJidError as error:
        raise NotFoundError(f"{what} not found") from error


def newsletter_or_404(text: str) -> Jid:
    jid = jid_or_404(text, "channel")
    if not is_newsletter(jid):
        raise NotFoundError("channel not found")
    return jid


def group_or_404(text: str) -> Jid:
    jid = jid_or_404(text, "group")
    if not is_group(jid):
        raise NotFoundError("group not found")
    return jid


def person_or_404(text: str) -> Jid:
    jid = jid_or_404(text, "contact")
    if not is_person(jid):
        raise NotFoundError("contact not found")
    return jid


def message_id_or_404(text: str) -> MessageId:
    if not _MESSAGE_ID.fullmatch(text):
        raise NotFoundError("message not found")
    return MessageId(text)


async def find_group(call: Call, scope: Scope) -> GroupDocument:
    """The stored group of the path's `gid`. Raises NotFoundError for any other text."""
    group = await groups.find_group(scope, group_or_404(call.path("gid")))
    if group is None:
        raise NotFoundError("group not found")
    return group
