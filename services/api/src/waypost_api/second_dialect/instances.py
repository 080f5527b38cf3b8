"""What a request names, found: an instance, and a chat by any form of its number."""

from collections.abc import Sequence

from waypost_api.call import Call
from waypost_api.lookups import OwnedSession
from waypost_api.queries import addresses, chats, contacts, sessions
from waypost_api.queries.scope import Scope
from waypost_api.second_dialect.errors import RequestRefusedError, instance_not_found
from waypost_common.documents import ChatDocument
from waypost_common.identifiers import Jid
from waypost_common.jids import is_person


async def find_instance(call: Call) -> OwnedSession:
    """The session with that id, else the only one of the organization with that label. Raises RequestRefusedError.

    Another organization's is asked for as one that does not exist is, and answered alike (rule R8).
    """
    name: str = call.request.path_params.get("instance", "")
    if not name.strip():
        raise RequestRefusedError(400, "Instance name is required")
    database = call.state["database"]
    generation = await call.state["generations"].live()
    organization = call.principal.organization
    document = await sessions.find_session(database, generation, organization, name)
    if document is None:
        document = await sessions.find_only_session_labelled(database, generation, organization, name)
    if document is None or not call.principal.reaches(document["session"]):
        raise instance_not_found()
    return OwnedSession(document, Scope(database, generation, document["organization"], document["session"]))


async def find_chat_of(scope: Scope, forms: Sequence[Jid]) -> ChatDocument | None:
    """The visible chat of the first form that has one."""
    for form in forms:
        chat = await chats.find_chat(scope, form)
        if chat is not None:
            return chat
    return None


async def address_of_new_chat(scope: Scope, forms: Sequence[Jid]) -> Jid:
    """Where messages of that person would arrive, as far as one is known under any form: as the connector chose, else as the
    contact is kept.
    """
    for form in filter(is_person, forms):
        chosen = await addresses.chosen_address(scope, form)
        if chosen is not None:
            return chosen
        contact = await contacts.find_contact(scope, form)
        if contact is not None:
            return contact["jid"]
    return forms[0]
