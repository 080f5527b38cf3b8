"""People: those known by name or number, found by either form of their address."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, cast

from waypost_api.queries.scope import Scope
from waypost_common.documents import Collection, ContactDocument, chat_document_id
from waypost_common.identifiers import Jid
from waypost_common.jids import is_lid, is_phone_jid
from waypost_common.mongo import Document

MAX_FORMS = 10
NAME_FIELDS = ("fullName", "firstName", "pushName", "groupPushName.name", "businessName")
LID_FIELDS = ("lid", "groupLid")
PHONE_FIELDS = ("phoneJid", "groupPhoneJid")
FORMS = ("jid", *LID_FIELDS, *PHONE_FIELDS)
NAMES = dict.fromkeys((*FORMS, "fullName", "firstName", "pushName", "groupPushName"), 1)
MAX_NAMED = 10_000
"""People of one page whose names are looked up: a message may mention thousands."""
NAMED_A_QUERY = 1_000


async def jids_of_person(scope: Scope, jid: Jid) -> list[Jid]:
    """Other addresses of the person that `jid` is one of, as a chat or a group told them. Their chat may be kept under any."""
    conditions = scope.owned_any({"_id": chat_document_id(scope.session, jid)}, *told_as([jid]))
    cursor = scope.collection(Collection.CONTACTS).find(conditions, dict.fromkeys(FORMS, 1)).limit(MAX_FORMS)
    forms = [contact.get(form) for contact in await cursor.to_list(MAX_FORMS) for form in FORMS]
    return [form for form in dict.fromkeys(forms) if form is not None and form != jid]


async def find_contact(scope: Scope, jid: Jid) -> ContactDocument | None:
    """By the JID itself, else by the LID or phone JID that a chat or a group told."""
    contacts = scope.collection(Collection.CONTACTS)
    exact = scope.owned({"_id": chat_document_id(scope.session, jid), "listed": True})
    found: Any = await contacts.find_one(exact)
    if found is None:
        found = await contacts.find_one(scope.owned_any(*({"listed": True, **told} for told in told_as([jid]))))
    return cast("ContactDocument | None", found)


async def find_named(scope: Scope, jids: Iterable[Jid]) -> list[ContactDocument]:
    """The names and addresses of those among the first MAX_NAMED of `jids` that are contacts, under any form of address."""
    wanted = list(islice(dict.fromkeys(jids), MAX_NAMED))
    found: list[ContactDocument] = []
    for start in range(0, len(wanted), NAMED_A_QUERY):
        part = wanted[start : start + NAMED_A_QUERY]
        ids = [chat_document_id(scope.session, jid) for jid in part]
        conditions = scope.owned_any({"_id": {"$in": ids}}, *told_as(part))
        limit = len(part) * MAX_FORMS
        cursor = scope.collection(Collection.CONTACTS).find(conditions, NAMES).limit(limit)
        found += cast("list[ContactDocument]", await cursor.to_list(limit))
    return found


def told_as(jids: Sequence[Jid]) -> list[Document]:
    """Any of these holds for a contact of whom a chat or a group told one of `jids` as another form. Each has its index."""
    lids = [jid for jid in jids if is_lid(jid)]
    phones = [jid for jid in jids if is_phone_jid(jid)]
    forms = [(field, lids) for field in LID_FIELDS] + [(field, phones) for field in PHONE_FIELDS]
    return [{field: known[0] if len(known) == 1 else {"$in": known}} for field, known in forms if known]


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
        every.append({"$or": [{field: {"$in": members}} for field in FORMS]})
    if every:
        conditions["$and"] = every
    cursor = scope.collection(Collection.CONTACTS).find(conditions).sort("_id", 1).limit(limit)
    return cast("list[ContactDocument]", await cursor.to_list(limit))


def text_conditions(text: str) -> list[Document]:
    """Any of these holds for a contact whose name or number contains `text`, whatever its case."""
    # One letter with its accent may be stored as one character or as two.
    written = dict.fromkeys((text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)))
    pattern = {"$regex": "|".join(re.escape(form) for form in written), "$options": "i"}
    conditions: list[Document] = [{field: pattern} for field in NAME_FIELDS]
    digits = re.sub(r"[\s()+.-]", "", text)
    if digits.isascii() and digits.isdigit():
        conditions.append({"phoneNumber": {"$regex": digits}})
        conditions += [
            {field: {"$regex": rf"^\d*{digits}\d*@s\.whatsapp\.net$"}} for field in ("phoneJid", "groupPhoneJid", "jid")
        ]
    return conditions
