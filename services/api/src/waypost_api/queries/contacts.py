"""People: those known by name or number, found by either form of their address."""

import re
from collections.abc import Iterable
from typing import Any, cast

from waypost_api.queries.scope import Scope
from waypost_common.documents import Collection, ContactDocument, chat_document_id
from waypost_common.identifiers import Jid
from waypost_common.jids import is_lid
from waypost_common.mongo import Document

MAX_FORMS = 10
NAME_FIELDS = ("fullName", "firstName", "pushName", "groupPushName.name", "businessName")
NAMES = dict.fromkeys(("jid", "fullName", "firstName", "pushName", "groupPushName"), 1)


async def jids_of_person(scope: Scope, jid: Jid) -> list[Jid]:
    """The JIDs under which the person is kept whose address has `jid` as another form, as a chat or a group told it."""
    fields = ("lid", "groupLid") if is_lid(jid) else ("phoneJid", "groupPhoneJid")
    conditions = scope.owned({"$or": [{field: jid} for field in fields]})
    cursor = scope.collection(Collection.CONTACTS).find(conditions, {"jid": 1}).limit(MAX_FORMS)
    return [contact["jid"] for contact in await cursor.to_list(MAX_FORMS)]


async def find_contact(scope: Scope, jid: Jid) -> ContactDocument | None:
    """By the JID itself, else by the LID or phone JID that a chat or a group told."""
    contacts = scope.collection(Collection.CONTACTS)
    exact = scope.owned({"_id": chat_document_id(scope.session, jid), "listed": True})
    found: Any = await contacts.find_one(exact)
    if found is None:
        fields = ("lid", "groupLid") if is_lid(jid) else ("phoneJid", "groupPhoneJid")
        found = await contacts.find_one(scope.owned({"listed": True, "$or": [{field: jid} for field in fields]}))
    return cast("ContactDocument | None", found)


async def find_named(scope: Scope, jids: Iterable[Jid]) -> list[ContactDocument]:
    """The name fields of those among `jids` that are contacts."""
    ids = [chat_document_id(scope.session, jid) for jid in jids]
    if not ids:
        return []
    cursor = scope.collection(Collection.CONTACTS).find(scope.owned({"_id": {"$in": ids}}), NAMES)
    return cast("list[ContactDocument]", await cursor.to_list(len(ids)))


async def list_contacts(
    scope: Scope, *, source: str | None, text: str | None, members: list[Jid] | None, after: str | None, limit: int
) -> list[ContactDocument]:
    """Up to `limit` contacts by JID. `source`, `text` and `members` are filters: they read past what they leave out."""
    conditions = scope.owned({"listed": True, **scope.id_range(after=after)})
    every: list[Document] = []
    if source is not None:
        conditions["dm" if source == "dm" else "inGroup"] = True
    if text:
        every.append({"$or": text_conditions(text)})
    if members is not None:
        every.append({"$or": [{field: {"$in": members}} for field in ("jid", "lid", "phoneJid", "groupLid", "groupPhoneJid")]})
    if every:
        conditions["$and"] = every
    cursor = scope.collection(Collection.CONTACTS).find(conditions).sort("_id", 1).limit(limit)
    return cast("list[ContactDocument]", await cursor.to_list(limit))


def text_conditions(text: str) -> list[Document]:
    """Any of these holds for a contact whose name or number contains `text`, whatever its case."""
    pattern = {"$regex": re.escape(text), "$options": "i"}
    conditions: list[Document] = [{field: pattern} for field in NAME_FIELDS]
    digits = re.sub(r"[\s()+.-]", "", text)
    if digits.isascii() and digits.isdigit():
        conditions.append({"phoneNumber": {"$regex": digits}})
        conditions += [
            {field: {"$regex": rf"^\d*{digits}\d*@s\.whatsapp\.net$"}} for field in ("phoneJid", "groupPhoneJid", "jid")
        ]
    return conditions
