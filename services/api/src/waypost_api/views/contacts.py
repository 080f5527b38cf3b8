from collections.abc import Iterable, Mapping
from typing import Literal

from typing_extensions import TypedDict

from waypost_common.documents import ContactDocument, GroupMemberDocument
from waypost_common.identifiers import Jid, numeric_id
from waypost_common.jids import is_phone_jid, user_part


class Contact(TypedDict):
    """Somebody this session has a chat with or has seen in a group."""

    lid: str
    name: str | None
    phoneNumber: str | None
    businessName: str | None
    source: Literal["dm", "group"]


class ContactList(TypedDict):
    data: list[Contact]
    nextCursor: str | None


class Identity(TypedDict):
    id: int
    lid: str
    name: str | None
    phoneJid: str | None
    phoneNumber: str | None
    businessName: str | None
    firstSeenAt: int
    updatedAt: int


class ContactGroup(TypedDict):
    jid: str
    name: str | None
    role: str
    tag: str | None
    lastSeen: int


class ContactDetail(TypedDict):
    dm: bool
    groups: list[ContactGroup]
    identity: Identity


def ranked_name(contact: ContactDocument) -> tuple[int, str] | None:
    """The address book's name (0, 1), else what the person calls themselves, in a direct chat (2) before a group (3)."""
    sighting = contact.get("groupPushName")
    pushed_in_group = sighting["name"] if sighting is not None else None
    names = (contact.get("fullName"), contact.get("firstName"), contact.get("pushName"), pushed_in_group)
    return next(((rank, name) for rank, name in enumerate(names) if name), None)


def contact_name(contact: ContactDocument) -> str | None:
    ranked = ranked_name(contact)
    return None if ranked is None else ranked[1]


def contact_lid(contact: ContactDocument) -> Jid:
    return contact.get("lid") or contact.get("groupLid") or contact["jid"]


def contact_phone_jid(contact: ContactDocument) -> Jid | None:
    told = contact.get("phoneJid") or contact.get("groupPhoneJid")
    return told or (contact["jid"] if is_phone_jid(contact["jid"]) else None)


def contact_phone_number(contact: ContactDocument) -> str | None:
    phone_jid = contact_phone_jid(contact)
    return contact.get("phoneNumber") or (user_part(phone_jid) if phone_jid is not None else None)


def contact_addresses(contact: ContactDocument) -> list[Jid]:
    """Every form of the person's address."""
    return list(dict.fromkeys(jid for jid in (contact["jid"], contact_lid(contact), contact_phone_jid(contact)) if jid))


def contact_view(contact: ContactDocument) -> Contact:
    return {
        "lid": contact_lid(contact),
        "name": contact_name(contact),
        "phoneNumber": contact_phone_number(contact),
        "businessName": contact.get("businessName"),
        "source": "dm" if contact.get("dm", False) else "group",
    }


def contact_detail_view(
    contact: ContactDocument, memberships: Iterable[GroupMemberDocument], subjects: Mapping[Jid, str | None]
) -> ContactDetail:
    return {
        "dm": contact.get("dm", False),
        "groups": [
            {
                "jid": member["groupJid"],
                "name": subjects.get(member["groupJid"]),
                "role": member["role"],
                "tag": member["tag"],
                "lastSeen": member["lastSeenAt"],
            }
            for member in memberships
        ],
        "identity": {
            "id": numeric_id(contact["session"], contact["jid"]),
            "lid": contact_lid(contact),
            "name": contact_name(contact),
            "phoneJid": contact_phone_jid(contact),
            "phoneNumber": contact_phone_number(contact),
            "businessName": contact.get("businessName"),
            "firstSeenAt": contact["firstSeenAt"],
            "updatedAt": contact["updatedAt"],
        },
    }
