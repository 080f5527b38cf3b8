"""A chat's own document: appearing, flags, read marks, deletion, names."""

from waypost_common.documents import NO_OFFSET, ChatDocument, Erasure, PushName, chat_document_id, sort_key
from waypost_common.event_payloads import ChatChange, ChatUpdatePayload
from waypost_common.events import ChatEvent
from waypost_common.identifiers import EpochMs, Jid, Offset
from waypost_common.jids import ChatType, chat_type
from waypost_projection.logged import Logged


def unseen(logged: Logged[ChatEvent], jid: Jid) -> ChatDocument:
    """A chat before anything made it appear."""
    event = logged.event
    return {
        "_id": chat_document_id(event.session, jid),
        "session": event.session,
        "organization": event.organization,
        "jid": jid,
        "type": chat_type(jid).value,
        "visible": False,
        "name": None,
        "unreadCount": 0,
        "markedUnread": False,
        "unread": False,
        "archived": False,
        "pinned": False,
        "mutedUntil": None,
        "lastMessageAt": None,
        "pictureId": None,
        "sortKey": sort_key(pinned=False, last_message_at=None, jid=jid),
        "title": None,
        "fullName": None,
        "firstName": None,
        "pushName": None,
        "epoch": NO_OFFSET,
        "deletedAt": None,
        "readUpTo": EpochMs(-1),
        "readBefore": NO_OFFSET,
        "trimmedBefore": EpochMs(0),
        "erasures": [],
        "commands": [],
        "partition": logged.partition,
        "offset": NO_OFFSET,
    }


def finished(chat: ChatDocument, logged: Logged[ChatEvent]) -> ChatDocument:
    """Sets what follows from the other fields. Every change of a chat ends here."""
    chat["offset"] = logged.offset
    chat["name"] = _name(chat)
    chat["unread"] = chat["unreadCount"] > 0 or chat["markedUnread"]
    chat["sortKey"] = sort_key(pinned=chat["pinned"], last_message_at=chat["lastMessageAt"], jid=chat["jid"])
    return chat


def moved(chat: ChatDocument | None, logged: Logged[ChatEvent], jid: Jid) -> ChatDocument:
    """The chat with only its position moved: what else this event changed is stored before it, and not changed again."""
    return finished((chat or unseen(logged, jid)).copy(), logged)


def _name(chat: ChatDocument) -> str | None:
    if chat["type"] == ChatType.DM:
        pushed = chat["pushName"]
        return chat["fullName"] or chat["firstName"] or (pushed["name"] if pushed else None)
    return chat["title"]


def is_dropped(chat: ChatDocument | None, *, history: bool, effective_at: EpochMs) -> bool:
    """History from before the chat's deletion does not bring anything back."""
    return history and chat is not None and chat["deletedAt"] is not None and effective_at <= chat["deletedAt"]


def counts_as_unread(chat: ChatDocument, *, from_me: bool, history: bool, effective_at: EpochMs, offset: Offset) -> bool:
    """The invariant behind `unreadCount`, for one message of the current epoch."""
    return (
        not from_me
        and not history
        and effective_at > chat["readUpTo"]
        and effective_at >= chat["trimmedBefore"]
        and offset > chat["readBefore"]
    )


def with_message(
    chat: ChatDocument,
    logged: Logged[ChatEvent],
    *,
    from_me: bool,
    history: bool,
    effective_at: EpochMs,
    push_name: str | None,
) -> ChatDocument:
    """The chat after a new message: it appears, counts, and moves up."""
    counted = counts_as_unread(chat, from_me=from_me, history=history, effective_at=effective_at, offset=logged.offset)
    last = chat["lastMessageAt"]
    after: ChatDocument = {
        **chat,
        "visible": True,
        "unreadCount": chat["unreadCount"] + counted,
        "lastMessageAt": effective_at if last is None else max(last, effective_at),
    }
    if push_name and not from_me and chat["type"] == ChatType.DM:
        after["pushName"] = newest_push_name(chat["pushName"], {"name": push_name, "at": effective_at, "offset": logged.offset})
    return finished(after, logged)


def newest_push_name(known: PushName | None, other: PushName) -> PushName:
    if known is None or (other["at"], other["offset"]) >= (known["at"], known["offset"]):
        return other
    return known


def needs_recount(chat: ChatDocument | None, payload: ChatUpdatePayload) -> ChatDocument | None:
    """The chat whose unread messages the writer must count before `update` is called, or None when no count is needed.

    A partial read or a trim can only lower the count, so there is nothing to count when it is zero.
    """
    if chat is None or not chat["visible"] or not chat["unreadCount"]:
        return None
    marked = _marked(chat, payload)
    return None if marked is chat else marked


def _marked(chat: ChatDocument, payload: ChatUpdatePayload) -> ChatDocument:
    """The chat with the read or trim mark of a partial read or a trim moved; the same object when it does not move."""
    if payload.change is ChatChange.READ and payload.read_up_to is not None and payload.read_up_to > chat["readUpTo"]:
        return {**chat, "readUpTo": payload.read_up_to}
    if payload.change is ChatChange.TRIMMED and payload.before is not None and payload.before > chat["trimmedBefore"]:
        return {**chat, "trimmedBefore": payload.before}
    return chat


def is_rejected(chat: ChatDocument | None, payload: ChatUpdatePayload) -> bool:
    return payload.requires == "stored" and (chat is None or not chat["visible"])


def update(  # noqa: PLR0911  (one line per change)
    chat: ChatDocument | None, logged: Logged[ChatEvent], payload: ChatUpdatePayload, unread: int | None
) -> ChatDocument | None:
    """The chat after a chat.update that is not rejected; the same object when nothing changes.

    `unread` is the count that `needs_recount` asked for.
    """
    match payload.change:
        case ChatChange.DELETED:
            return deleted(chat or unseen(logged, payload.chat_jid), logged)
        case ChatChange.ARCHIVED | ChatChange.PINNED | ChatChange.MUTED | ChatChange.FLAGS:
            return _with_flags(chat or unseen(logged, payload.chat_jid), logged, payload)
        case _ if chat is None or not chat["visible"]:
            return chat
        case ChatChange.READ:
            return _read(chat, logged, payload, unread)
        case ChatChange.UNREAD:
            return chat if chat["markedUnread"] else finished({**chat, "markedUnread": True}, logged)
        case ChatChange.PICTURE:
            return finished({**chat, "pictureId": None if payload.removed else payload.picture_id}, logged)
        case ChatChange.TRIMMED:
            return _trimmed(chat, logged, payload, unread)
        case ChatChange.ERASED:
            return _erased(chat, logged, payload)


def _with_flags(chat: ChatDocument, logged: Logged[ChatEvent], payload: ChatUpdatePayload) -> ChatDocument:
    after: ChatDocument = {**chat, "visible": True}
    if payload.archived is not None:
        after["archived"] = payload.archived
    if payload.pinned is not None:
        after["pinned"] = payload.pinned
    if "muted_until" in payload.model_fields_set:
        after["mutedUntil"] = payload.muted_until
    return finished(after, logged)


def _read(chat: ChatDocument, logged: Logged[ChatEvent], payload: ChatUpdatePayload, unread: int | None) -> ChatDocument:
    if payload.read_up_to is None:
        return finished({**chat, "readBefore": logged.offset, "unreadCount": 0, "markedUnread": False}, logged)
    marked = _marked(chat, payload)
    if marked is chat and not chat["markedUnread"]:
        return chat
    count = chat["unreadCount"] if unread is None else unread
    return finished({**marked, "unreadCount": count, "markedUnread": False}, logged)


def _trimmed(chat: ChatDocument, logged: Logged[ChatEvent], payload: ChatUpdatePayload, unread: int | None) -> ChatDocument:
    marked = _marked(chat, payload)
    if marked is chat:
        return chat
    return finished({**marked, "unreadCount": chat["unreadCount"] if unread is None else unread}, logged)


def _erased(chat: ChatDocument, logged: Logged[ChatEvent], payload: ChatUpdatePayload) -> ChatDocument:
    if payload.jid is None or payload.before is None:
        return chat
    erasure: Erasure = {"jid": payload.jid, "before": payload.before}
    others = []
    for known in chat["erasures"]:
        if known["jid"] != erasure["jid"]:
            others.append(known)
        elif known["before"] >= erasure["before"]:
            return chat
    return finished({**chat, "erasures": sorted([*others, erasure], key=lambda one: one["jid"])}, logged)


def deleted(chat: ChatDocument, logged: Logged[ChatEvent]) -> ChatDocument:
    """A tombstone: a new epoch hides every message at once; what outlives the chat is its names and its position."""
    gone = unseen(logged, chat["jid"])
    gone["organization"] = chat["organization"]
    gone["title"], gone["fullName"], gone["firstName"] = chat["title"], chat["fullName"], chat["firstName"]
    gone["pushName"] = chat["pushName"]
    gone["commands"] = chat["commands"]
    gone["epoch"] = logged.offset
    gone["deletedAt"] = logged.event.timestamp
    return finished(gone, logged)
