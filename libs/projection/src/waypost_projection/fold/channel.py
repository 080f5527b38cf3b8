"""A channel's (newsletter's) document, and the name it gives its chat."""

from waypost_common.documents import NO_OFFSET, ChannelDocument, ChatDocument, chat_document_id
from waypost_common.event_payloads import NewsletterRole, NewsletterUpdatePayload
from waypost_common.events import ChatEvent
from waypost_common.identifiers import Jid
from waypost_projection.fold import chat as chat_fold
from waypost_projection.logged import Logged


def unseen(logged: Logged[ChatEvent], jid: Jid) -> ChannelDocument:
    event = logged.event
    return {
        "_id": chat_document_id(event.session, jid),
        "session": event.session,
        "organization": event.organization,
        "jid": jid,
        "name": None,
        "description": None,
        "role": None,
        "subscribers": None,
        "inviteLink": None,
        "followed": False,
        "muted": False,
        "firstSeenAt": event.timestamp,
        "updatedAt": event.timestamp,
        "partition": logged.partition,
        "offset": NO_OFFSET,
    }


def update(channel: ChannelDocument | None, logged: Logged[ChatEvent], payload: NewsletterUpdatePayload) -> ChannelDocument:
    """Following and muting are independent of the chat's own flags."""
    after = (channel or unseen(logged, payload.jid)).copy()
    if payload.name is not None:
        after["name"] = payload.name
    if payload.description is not None:
        after["description"] = payload.description
    if payload.role is not None:
        after["role"] = payload.role.value
    if payload.subscribers is not None:
        after["subscribers"] = payload.subscribers
    if payload.invite_link is not None:
        after["inviteLink"] = payload.invite_link
    match payload.action:
        case "join":
            after["followed"] = True
            after["role"] = after["role"] or NewsletterRole.SUBSCRIBER.value
        case "leave":
            after["followed"] = False
        case "mute" | "unmute":
            after["muted"] = payload.action == "mute"
        case "metadata":
            pass
    after["updatedAt"] = logged.event.timestamp
    after["offset"] = logged.offset
    return after


def titled_chat(chat: ChatDocument | None, logged: Logged[ChatEvent], payload: NewsletterUpdatePayload) -> ChatDocument:
    """The channel's name is kept for its chat, which a newsletter.update does not make appear."""
    known = chat or chat_fold.unseen(logged, payload.jid)
    return chat_fold.finished({**known, "title": known["title"] if payload.name is None else payload.name}, logged)
