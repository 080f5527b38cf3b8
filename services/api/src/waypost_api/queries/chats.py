"""Chats that are visible. A person's chat is found by their phone JID and by their LID alike."""

from typing import Any, cast

from waypost_api.queries.addresses import chosen_address
from waypost_api.queries.contacts import jids_of_person
from waypost_api.queries.scope import Scope
from waypost_common.documents import ChatDocument, Collection, chat_document_id
from waypost_common.identifiers import Jid
from waypost_common.jids import is_person
from waypost_common.mongo import Document


async def find_chat(scope: Scope, jid: Jid) -> ChatDocument | None:
    """The visible chat of that JID, or of the person it stands for."""
    return await _find_visible(scope, [jid]) or await _find_by_another_address(scope, jid)


async def find_chat_and_session(scope: Scope, jid: Jid) -> tuple[bool, ChatDocument | None]:
    """Whether the session is there, and what `find_chat` finds in it."""
    conditions = scope.owned({"_id": chat_document_id(scope.session, jid), "visible": True})
    there, found = await scope.find_with_session(conditions, Collection.CHATS, at_most=1)
    if found or not there:
        return there, cast("ChatDocument | None", found[0] if found else None)
    return there, await _find_by_another_address(scope, jid)


async def _find_by_another_address(scope: Scope, jid: Jid) -> ChatDocument | None:
    if not is_person(jid):
        return None
    others = [*await jids_of_person(scope, jid), *filter(None, [await chosen_address(scope, jid)])]
    return await _find_visible(scope, others) if others else None


async def address_of_chat(scope: Scope, jid: Jid) -> Jid:
    """Under which JID what is sent to `jid` will be kept, as far as that is known: the address itself in doubt."""
    if not is_person(jid):
        return jid
    chosen = await chosen_address(scope, jid)
    if chosen is None:
        chat = await find_chat(scope, jid)
        chosen = jid if chat is None else chat["jid"]
    return chosen


async def _find_visible(scope: Scope, jids: list[Jid]) -> ChatDocument | None:
    ids = [chat_document_id(scope.session, jid) for jid in jids]
    conditions = scope.owned({"_id": ids[0] if len(ids) == 1 else {"$in": ids}, "visible": True})
    found: Any = await scope.collection(Collection.CHATS).find_one(conditions)
    return cast("ChatDocument | None", found)


async def list_chats(scope: Scope, *, filters: Document, after: str | None, limit: int) -> tuple[bool, list[ChatDocument]]:
    """Whether the session is there, and up to `limit` visible chats of it in the list's order, beginning after the sort key
    `after`: one range of one index.
    """
    conditions = scope.owned({"visible": True, **filters})
    if after is not None:
        conditions["sortKey"] = {"$gt": after}
    stages: list[Document] = [{"$sort": {"sortKey": 1}}, {"$limit": limit}]
    there, found = await scope.find_with_session(conditions, Collection.CHATS, *stages, at_most=limit)
    return there, cast("list[ChatDocument]", found)


async def last_message_times(scope: Scope, jids: list[Jid]) -> dict[Jid, int | None]:
    ids = [chat_document_id(scope.session, jid) for jid in jids]
    conditions = scope.owned({"_id": {"$in": ids}, "visible": True})
    cursor = scope.collection(Collection.CHATS).find(conditions, {"jid": 1, "lastMessageAt": 1})
    return {chat["jid"]: chat["lastMessageAt"] for chat in await cursor.to_list(len(ids))}
