from typing import Final

from starlette.responses import Response

from waypost_api import query_parameters
from waypost_api.call import Call
from waypost_api.json_response import JsonResponse
from waypost_api.lookups import find_session, person_or_404
from waypost_api.operation import READ, Operation, QueryParameter, Tag
from waypost_api.pagination import PageRequest
from waypost_api.queries import contacts, groups
from waypost_api.views.addresses import GROUP_PATTERN, schema_of
from waypost_api.views.contacts import (
    ContactDetail,
    ContactList,
    contact_addresses,
    contact_detail_view,
    contact_view,
)
from waypost_common.errors import NotFoundError, ValidationFailedError
from waypost_common.jids import is_group

SOURCES: Final = ("dm", "group")


async def list_contacts(call: Call) -> Response:
    session = await find_session(call)
    source = query_parameters.choice(call.request, "source", SOURCES)
    text = query_parameters.search_text(call.request, "q")
    group = query_parameters.jid(call.request, "group")
    if group is not None and not is_group(group):
        raise ValidationFailedError("group must be a group's JID", fields={"group": "must be a group's JID"})
    bound_to = (call.operation, session.scope.organization, session.scope.session, source or "", group or "", text)
    page = PageRequest.of(call.request, call.state["cursors"], bound_to)
    with call.searching(when=bool(text or source or group)):
        found = await contacts.list_contacts(
            session.scope,
            source=source,
            text=text,
            members=None if group is None else await groups.member_jids(session.scope, group),
            after=None if page.position is None else str(page.position[0]),
            limit=page.limit + 1,
        )
    shown, more = found[: page.limit], len(found) > page.limit
    answer: ContactList = {
        "data": [contact_view(contact) for contact in shown],
        "nextCursor": page.cursor_after([shown[-1]["jid"]]) if more else "",
    }
    return JsonResponse(answer)


async def get_contact(call: Call) -> Response:
    session = await find_session(call)
    contact = await contacts.find_contact(session.scope, person_or_404(call.path("lid")))
    if contact is None:
        raise NotFoundError("contact not found")
    memberships = await groups.list_memberships(session.scope, contact_addresses(contact))
    subjects = await groups.subjects(session.scope, [member["groupJid"] for member in memberships])
    return JsonResponse(contact_detail_view(contact, memberships, subjects))


OPERATIONS: Final = (
    Operation(
        id="listContacts", method="GET", path="/sessions/{session}/contacts",
        title="List a session's contacts (found users)", tag=Tag.CONTACTS, capabilities=READ, handler=list_contacts,
        answer=ContactList, errors=(400, 404),
        description="By JID. Filters combine; they read past what they leave out.",
        query=(
            *query_parameters.PAGE,
            QueryParameter("source", "dm: has a direct chat. group: seen in one.", {"type": "string", "enum": list(SOURCES)}),
            QueryParameter("group", "A group's JID: only its present members.", schema_of(GROUP_PATTERN)),
            QueryParameter("q", "Part of a name or number, in any case.", {"type": "string", "pattern": "^[^\\x00]{0,100}$"}),
        ),
    ),
    Operation(
        id="getContact", method="GET", path="/sessions/{session}/contacts/{lid}", title="Get one contact",
        tag=Tag.CONTACTS, capabilities=READ, handler=get_contact, answer=ContactDetail,
        description="By LID; the phone JID is taken as well.",
    ),
)  # fmt: skip
