"""One message's document: created once, then climbing, edited, revoked, reacted to, voted on, erased - in any order."""

from collections.abc import Iterable
from typing import Final

from waypost_common.documents import Edit, Erasure, MessageDocument, Reaction, Vote, message_document_id
from waypost_common.event_payloads import DeliveryStatus, MessagePayload, MessageStatusPayload, TargetedMessagePayload
from waypost_common.events import ChatEvent
from waypost_common.identifiers import EpochMs, Jid, MessageId, Offset
from waypost_projection.logged import Logged

RANK: Final = {status.value: rank for rank, status in enumerate(DeliveryStatus)}
MOST_SENDERS: Final = 4_096
"""Reactions and votes kept on one message, several times WhatsApp's largest group: a document has to stay below 16 MiB."""
_CONTENT: Final = ("body", "media", "mentions", "poll", "contact", "location", "votes")


def placeholder(logged: Logged[ChatEvent], chat: Jid, epoch: Offset, message: MessageId) -> MessageDocument:
    """What an early acknowledgement, edit, reaction or vote leaves: invisible until the message itself arrives."""
    event = logged.event
    return {
        "_id": message_document_id(event.session, chat, epoch, message),
        "session": event.session,
        "organization": event.organization,
        "chatJid": chat,
        "epoch": epoch,
        "messageId": message,
        "partition": logged.partition,
        "appliedOffset": logged.offset,
    }


def exists(message: MessageDocument | None) -> bool:
    """Whether the message itself has arrived, not only something about it."""
    return message is not None and "offset" in message


def create(
    early: MessageDocument | None,
    logged: Logged[ChatEvent],
    payload: MessagePayload,
    *,
    epoch: Offset,
    from_me: bool,
    erasures: Iterable[Erasure],
) -> MessageDocument:
    """The message of a `message` or `message.from_me` event, with all that a placeholder had already seen of it."""
    message = dict_of(early) if early is not None else placeholder(logged, payload.chat_jid, epoch, payload.wa_message_id)
    message["appliedOffset"] = message["offset"] = logged.offset
    message["effectiveAt"] = logged.effective(payload.timestamp)
    message["timestamp"] = payload.timestamp
    message["createdAt"] = logged.event.timestamp
    message["fromMe"] = from_me
    message["type"] = payload.type
    message["hasMedia"] = payload.has_media
    if payload.history:
        message["history"] = True
    _set_origin(message, payload)
    _set_content(message, payload)
    if from_me and RANK[message.get("status", "pending")] < RANK["sent"]:
        message["status"] = "sent"
    edit = message.get("edit")
    if edit is not None:
        _take_edit(message, edit)
    for erasure in erasures:
        if concerns(erasure, message):
            _erase(message, erasure["before"])
    if message.get("deleted"):
        _drop_content(message)
    return message


def dict_of(message: MessageDocument) -> MessageDocument:
    return message.copy()


def _set_origin(message: MessageDocument, payload: MessagePayload) -> None:
    if payload.sender_jid is not None:
        message["senderJid"] = payload.sender_jid
    if payload.sender_lid is not None:
        message["senderLid"] = payload.sender_lid
    if payload.push_name is not None:
        message["pushName"] = payload.push_name
    if payload.quoted_message_id is not None:
        message["quotedMessageId"] = payload.quoted_message_id
    if payload.views is not None:
        message["views"] = payload.views


def _set_content(message: MessageDocument, payload: MessagePayload) -> None:
    if payload.body is not None:
        message["body"] = payload.body
    if payload.mentions is not None:
        message["mentions"] = payload.mentions
    if payload.media is not None:
        message["media"] = payload.media.model_dump(by_alias=True)
    if payload.location is not None:
        message["location"] = payload.location.model_dump(by_alias=True)
    if payload.contact is not None:
        message["contact"] = payload.contact.model_dump(by_alias=True)
    if payload.poll is not None:
        message["poll"] = payload.poll.model_dump(by_alias=True)


def acknowledge(message: MessageDocument, logged: Logged[ChatEvent], payload: MessageStatusPayload) -> MessageDocument:
    """The status only climbs; the first failure's reason is shown while the message counts as failed."""
    shown = message.get("status")
    if shown is not None and RANK[payload.status.value] <= RANK[shown]:
        return message
    message = dict_of(message)
    message["appliedOffset"] = logged.offset
    message["status"] = payload.status.value
    message.pop("error", None)
    if payload.status is DeliveryStatus.FAILED and payload.error is not None:
        message["error"] = payload.error
    return message


def edit(
    message: MessageDocument, logged: Logged[ChatEvent], payload: TargetedMessagePayload, erasures: Iterable[Erasure]
) -> MessageDocument:
    """The newest edit by (effective time, log order) wins, whenever it arrives."""
    newest: Edit = {"body": payload.body, "at": logged.effective(payload.timestamp), "offset": logged.offset}
    known = message.get("edit")
    if known is not None and (known["at"], known["offset"]) > (newest["at"], newest["offset"]):
        return message
    message = dict_of(message)
    message["appliedOffset"] = logged.offset
    if not exists(message):
        message["edit"] = {**newest, "body": None} if message.get("deleted") else newest
        return message
    _take_edit(message, newest)
    if message.get("deleted") or any(concerns(one, message) and newest["at"] <= one["before"] for one in erasures):
        message.pop("body", None)
    return message


def _take_edit(message: MessageDocument, newest: Edit) -> None:
    message["edited"] = True
    if newest["body"] is None:
        message.pop("body", None)
    else:
        message["body"] = newest["body"]
    message["edit"] = {**newest, "body": None}


def revoke(message: MessageDocument, logged: Logged[ChatEvent]) -> MessageDocument:
    """Deleted for everyone: stays listed without its content, whatever edit comes before or after."""
    if message.get("deleted"):
        return message
    message = dict_of(message)
    message["appliedOffset"] = logged.offset
    message["deleted"] = True
    _drop_content(message)
    return message


def _drop_content(message: MessageDocument) -> None:
    for field in _CONTENT:
        message.pop(field, None)  # type: ignore[misc]
    known = message.get("edit")
    if known is not None:
        message["edit"] = {**known, "body": None}


def sender_of(payload: MessagePayload) -> str:
    return payload.sender_jid or payload.sender_lid or ""


def react(message: MessageDocument, logged: Logged[ChatEvent], payload: TargetedMessagePayload) -> MessageDocument:
    """One reaction per sender, the newest; a removed one is kept, hidden, so that an older one does not revive it.

    One more sender than MOST_SENDERS is not kept.
    """
    newest: Reaction = {
        "sender": sender_of(payload),
        "emoji": payload.reaction or "",
        "at": logged.effective(payload.timestamp),
        "timestamp": payload.timestamp,
        "offset": logged.offset,
    }
    others = []
    for known in message.get("reactions", []):
        if known["sender"] != newest["sender"]:
            others.append(known)
        elif (known["at"], known["offset"]) > (newest["at"], newest["offset"]):
            return message
    if len(others) >= MOST_SENDERS:
        return message
    message = dict_of(message)
    message["appliedOffset"] = logged.offset
    message["reactions"] = sorted([*others, newest], key=lambda one: one["sender"])
    return message


def vote(message: MessageDocument, logged: Logged[ChatEvent], payload: TargetedMessagePayload) -> MessageDocument:
    """One set of choices per voter, the newest; shown with the poll. One more voter than MOST_SENDERS is not kept."""
    newest: Vote = {
        "voter": sender_of(payload),
        "hashes": payload.selected_hashes or [],
        "at": logged.effective(payload.timestamp),
        "timestamp": payload.timestamp,
        "offset": logged.offset,
    }
    others = []
    for known in message.get("votes", []):
        if known["voter"] != newest["voter"]:
            others.append(known)
        elif (known["at"], known["offset"]) > (newest["at"], newest["offset"]):
            return message
    if len(others) >= MOST_SENDERS:
        return message
    message = dict_of(message)
    message["appliedOffset"] = logged.offset
    message["votes"] = sorted([*others, newest], key=lambda one: one["voter"])
    return message


def concerns(erasure: Erasure, message: MessageDocument) -> bool:
    """Whether that person wrote this message, up to the time of the erasure."""
    wrote = erasure["jid"] in (message.get("senderJid"), message.get("senderLid"))
    return wrote and message.get("effectiveAt", EpochMs(0)) <= erasure["before"]


def erase(message: MessageDocument, logged: Logged[ChatEvent], erasure: Erasure) -> MessageDocument:
    if not exists(message) or not concerns(erasure, message):
        return message
    message = dict_of(message)
    message["appliedOffset"] = logged.offset
    _erase(message, erasure["before"])
    return message


def _erase(message: MessageDocument, before: int) -> None:
    known = message.get("edit")
    body = message.get("body") if known is not None and known["at"] > before else None
    _drop_content(message)
    message.pop("pushName", None)
    if body is not None:
        message["body"] = body
