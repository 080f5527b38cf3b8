"""A person's document. Their chat's partition sets plain fields; group partitions only raise fields that commute (rule R2)."""

from dataclasses import dataclass, field
from typing import Final

from waypost_common.documents import ChatDocument, GroupSighting, PushName, chat_document_id
from waypost_common.event_payloads import ContactUpdatePayload, MessagePayload
from waypost_common.events import ChatEvent
from waypost_common.identifiers import EpochMs, Jid, Offset, OrganizationId, SessionId
from waypost_common.jids import is_lid, is_phone_jid
from waypost_projection.fold import chat as chat_fold
from waypost_projection.logged import Logged

_COPIED: Final = {
    "full_name": "fullName",
    "first_name": "firstName",
    "lid": "lid",
    "phone_jid": "phoneJid",
    "phone_number": "phoneNumber",
    "business_name": "businessName",
    "blocked": "blocked",
    "about": "about",
}


@dataclass(slots=True, kw_only=True)
class ContactChange:
    """Fields to set on a contact, guarded by the position of the last event among them."""

    id: str
    session: SessionId
    organization: OrganizationId
    jid: Jid
    partition: int
    offset: Offset
    seen_from: EpochMs
    seen_to: EpochMs
    fields: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Sighting:
    """What a group message tells of its sender."""

    id: str
    session: SessionId
    organization: OrganizationId
    jid: Jid
    seen_from: EpochMs
    seen_to: EpochMs
    name: GroupSighting | None
    lid: Jid | None
    phone_jid: Jid | None


def changed(known: ContactChange | None, logged: Logged[ChatEvent], jid: Jid, fields: dict[str, object]) -> ContactChange:
    """One more event's fields on top of those already wanted in this batch."""
    event = logged.event
    return ContactChange(
        id=chat_document_id(event.session, jid),
        session=event.session,
        organization=event.organization,
        jid=jid,
        partition=logged.partition,
        offset=logged.offset,
        seen_from=min(known.seen_from, event.timestamp) if known else event.timestamp,
        seen_to=max(known.seen_to, event.timestamp) if known else event.timestamp,
        fields={**known.fields, **fields} if known else fields,
    )


def update_fields(payload: ContactUpdatePayload) -> dict[str, object]:
    """The contact's fields that a contact.update sets; what it does not carry stays as it is."""
    fields: dict[str, object] = {"listed": True}
    for name, stored in _COPIED.items():
        value = getattr(payload, name)
        if value is not None:
            fields[stored] = value
    return fields


def named_chat(chat: ChatDocument | None, logged: Logged[ChatEvent], payload: ContactUpdatePayload) -> ChatDocument:
    """The person's chat with the names of a contact.update: kept even while the chat is invisible, for when it appears."""
    after = (chat or chat_fold.unseen(logged, payload.jid)).copy()
    if payload.full_name is not None:
        after["fullName"] = payload.full_name
    if payload.first_name is not None:
        after["firstName"] = payload.first_name
    if payload.push_name is not None:
        pushed: PushName = {"name": payload.push_name, "at": logged.event.timestamp, "offset": logged.offset}
        after["pushName"] = chat_fold.newest_push_name(after["pushName"], pushed)
    return chat_fold.finished(after, logged)


def sighting(logged: Logged[ChatEvent], payload: MessagePayload) -> Sighting | None:
    """Who wrote a group message, or None when it does not say."""
    sender = payload.sender_jid or payload.sender_lid
    if sender is None:
        return None
    event = logged.event
    name: GroupSighting | None = None
    if payload.push_name:
        name = {"at": logged.effective(payload.timestamp), "eventId": event.id, "name": payload.push_name}
    jid, lid = payload.sender_jid, payload.sender_lid
    both = jid is not None and is_phone_jid(jid) and lid is not None and is_lid(lid)
    return Sighting(
        id=chat_document_id(event.session, sender),
        session=event.session,
        organization=event.organization,
        jid=sender,
        seen_from=event.timestamp,
        seen_to=event.timestamp,
        name=name,
        lid=lid if both else None,
        phone_jid=jid if both else None,
    )


def merged(known: Sighting | None, other: Sighting) -> Sighting:
    """Both sightings in one: the newest name, the greatest addresses. Commutes, and is idempotent."""
    if known is None:
        return other
    known.seen_from = min(known.seen_from, other.seen_from)
    known.seen_to = max(known.seen_to, other.seen_to)
    if other.name is not None and (known.name is None or _order(other.name) > _order(known.name)):
        known.name = other.name
    known.lid = max(known.lid or other.lid or Jid(""), other.lid or Jid("")) or None
    known.phone_jid = max(known.phone_jid or other.phone_jid or Jid(""), other.phone_jid or Jid("")) or None
    return known


def _order(name: GroupSighting) -> tuple[int, str, str]:
    return name["at"], name["eventId"], name["name"]
