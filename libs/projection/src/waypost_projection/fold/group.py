"""A group's document and those of its members."""

from collections.abc import Iterable, Mapping

from waypost_common.documents import (
    NO_OFFSET,
    ChatDocument,
    GroupDocument,
    GroupMemberDocument,
    chat_document_id,
    member_document_id,
)
from waypost_common.event_payloads import GroupParticipantPayload, GroupRole, GroupUpdatePayload, Participant
from waypost_common.events import ChatEvent
from waypost_common.identifiers import Jid
from waypost_common.jids import is_lid, is_phone_jid
from waypost_projection.fold import chat as chat_fold
from waypost_projection.logged import Logged

Members = Mapping[Jid, GroupMemberDocument]


def unseen(logged: Logged[ChatEvent], jid: Jid) -> GroupDocument:
    event = logged.event
    return {
        "_id": chat_document_id(event.session, jid),
        "session": event.session,
        "organization": event.organization,
        "jid": jid,
        "subject": None,
        "description": None,
        "isAnnounce": None,
        "isLocked": None,
        "ownerJid": None,
        "createdAtWa": None,
        "inviteLink": None,
        "participantCount": None,
        "firstSeenAt": event.timestamp,
        "updatedAt": event.timestamp,
        "partition": logged.partition,
        "offset": NO_OFFSET,
    }


def _touched(group: GroupDocument, logged: Logged[ChatEvent]) -> GroupDocument:
    group["updatedAt"] = logged.event.timestamp
    group["offset"] = logged.offset
    return group


def update(group: GroupDocument | None, logged: Logged[ChatEvent], payload: GroupUpdatePayload) -> GroupDocument:
    """What a group.update carries is set; the rest stays."""
    after = (group or unseen(logged, payload.group_jid)).copy()
    if payload.subject is not None:
        after["subject"] = payload.subject
    if payload.description is not None:
        after["description"] = payload.description
    if payload.is_announce is not None:
        after["isAnnounce"] = payload.is_announce
    if payload.is_locked is not None:
        after["isLocked"] = payload.is_locked
    if payload.owner_jid is not None:
        after["ownerJid"] = payload.owner_jid
    if payload.created_at_wa is not None:
        after["createdAtWa"] = payload.created_at_wa
    if payload.new_invite_link is not None:
        after["inviteLink"] = payload.new_invite_link
    return _touched(after, logged)


def titled_chat(chat: ChatDocument | None, logged: Logged[ChatEvent], payload: GroupUpdatePayload) -> ChatDocument:
    """A group.update makes the chat appear under the group's subject."""
    known = chat or chat_fold.unseen(logged, payload.group_jid)
    title = known["title"] if payload.subject is None else payload.subject
    return chat_fold.finished({**known, "visible": True, "title": title}, logged)


def participate(
    group: GroupDocument | None, members: Members, logged: Logged[ChatEvent], payload: GroupParticipantPayload
) -> tuple[GroupDocument, Members]:
    """The group and its members (those who left too, as tombstones) after joins, leaves, promotions or a full list."""
    after = dict(members)
    if payload.snapshot is not None:
        _replace_all(after, logged, payload.group_jid, payload.snapshot)
    for jid in payload.join or ():
        role = after[jid]["role"] if jid in after and after[jid]["present"] else GroupRole.MEMBER.value
        after[jid] = _named(after.get(jid), logged, payload.group_jid, jid, role)
    for jid in payload.leave or ():
        if jid in after and after[jid]["present"] and after[jid]["offset"] <= logged.offset:
            after[jid] = {**_seen(after[jid], logged), "present": False}
    for jid in payload.promote or ():
        after[jid] = _named(after.get(jid), logged, payload.group_jid, jid, GroupRole.ADMIN.value)
    for jid in payload.demote or ():
        after[jid] = _named(after.get(jid), logged, payload.group_jid, jid, GroupRole.MEMBER.value)
    present = sum(member["present"] for member in after.values())
    counted: GroupDocument = {**(group or unseen(logged, payload.group_jid)), "participantCount": present}
    return _touched(counted, logged), after


def _replace_all(
    members: dict[Jid, GroupMemberDocument], logged: Logged[ChatEvent], group: Jid, snapshot: Iterable[Participant]
) -> None:
    listed = {jid: one for one in snapshot if (jid := one.lid or one.phone_jid) is not None}
    for jid, known in members.items():
        if jid not in listed and known["present"] and known["offset"] <= logged.offset:
            members[jid] = {**known, "present": False, "offset": logged.offset}
    for jid, one in listed.items():
        member = _named(members.get(jid), logged, group, jid, one.role.value)
        if member["offset"] > logged.offset:
            continue
        members[jid] = {
            **member,
            "tag": one.tag,
            "lid": one.lid or (jid if is_lid(jid) else None),
            "phoneJid": one.phone_jid or (jid if is_phone_jid(jid) else None),
        }


def _named(known: GroupMemberDocument | None, logged: Logged[ChatEvent], group: Jid, jid: Jid, role: str) -> GroupMemberDocument:
    if known is not None:
        return known if known["offset"] > logged.offset else {**_seen(known, logged), "present": True, "role": role}
    event = logged.event
    return {
        "_id": member_document_id(event.session, group, jid),
        "session": event.session,
        "organization": event.organization,
        "groupJid": group,
        "member": jid,
        "lid": jid if is_lid(jid) else None,
        "phoneJid": jid if is_phone_jid(jid) else None,
        "role": role,
        "tag": None,
        "present": True,
        "firstSeenAt": event.timestamp,
        "lastSeenAt": event.timestamp,
        "partition": logged.partition,
        "offset": logged.offset,
    }


def _seen(member: GroupMemberDocument, logged: Logged[ChatEvent]) -> GroupMemberDocument:
    return {**member, "lastSeenAt": logged.event.timestamp, "offset": logged.offset}
