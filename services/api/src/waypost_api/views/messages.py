from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from typing_extensions import TypedDict

from waypost_api.views.contacts import ranked_name
from waypost_common.documents import ContactDocument, MessageDocument
from waypost_common.identifiers import Jid
from waypost_common.jids import is_person, user_part

ACK_LEVELS: Final = {"failed": -1, "pending": 0, "sent": 1, "delivered": 2, "read": 3, "played": 4}

Names = Mapping[Jid, str]
"""Who is called what, by JID."""


class Media(TypedDict):
    mimetype: str | None
    size: int | None
    filename: str | None


class Location(TypedDict):
    latitude: float
    longitude: float
    name: str | None
    address: str | None


class ContactCard(TypedDict):
    displayName: str | None
    vcard: str | None


class MessageReaction(TypedDict):
    senderJid: str
    emoji: str
    timestamp: int


class PollVote(TypedDict):
    voterJid: str
    selectedHashes: list[str]
    timestamp: int


class Poll(TypedDict):
    name: str
    options: list[str]
    selectableCount: int
    votes: list[PollVote]


class Message(TypedDict):
    """A message as the gateway has stored it; names are looked up when it is read."""

    id: str
    sessionId: str
    waMessageId: str
    chatJid: str
    senderJid: str | None
    senderLid: str | None
    senderName: str | None
    fromMe: bool
    direction: Literal["in", "out"]
    type: str
    body: str | None
    status: Literal["pending", "sent", "delivered", "read", "played", "failed"] | None
    ackLevel: int | None
    error: str | None
    hasMedia: bool
    media: Media | None
    mentions: list[str] | None
    mentionNames: dict[str, str] | None
    quotedMessageId: str | None
    reactions: list[MessageReaction]
    poll: Poll | None
    location: Location | None
    contact: ContactCard | None
    views: int | None
    edited: bool
    deleted: bool
    timestamp: int
    createdAt: int


class MessageList(TypedDict):
    data: list[Message]
    nextCursor: str | None


def people_of(messages: Sequence[MessageDocument]) -> list[Jid]:
    """Everybody whose name the messages' views need: those who wrote before those who are mentioned."""
    senders = [jid for message in messages for jid in _senders(message)]
    mentioned = [jid for message in messages for jid in message.get("mentions", ())]
    return list(dict.fromkeys(senders + mentioned))


def names_of(contacts: Iterable[ContactDocument]) -> dict[Jid, str]:
    """The name under each form of address. A person may be two contacts, one for each form: the better name goes to both."""
    best: dict[Jid, tuple[int, int, str]] = {}
    for contact in contacts:
        ranked = ranked_name(contact)
        if ranked is None:
            continue
        rank, name = ranked
        told_by_chat = (contact.get("lid"), contact.get("phoneJid"))
        told_by_groups = (contact.get("groupLid"), contact.get("groupPhoneJid"))
        for trust, forms in enumerate(((contact["jid"],), told_by_chat, told_by_groups)):
            for jid in forms:
                if jid is not None:
                    best[jid] = min(best.get(jid, (rank, trust, name)), (rank, trust, name))
    return {jid: name for jid, (_, _, name) in best.items()}


def message_view(message: MessageDocument, names: Names) -> Message:
    status = message.get("status")
    mentions = message.get("mentions")
    from_me = message["fromMe"]
    return {
        "id": message["messageId"],
        "sessionId": message["session"],
        "waMessageId": message["messageId"],
        "chatJid": message["chatJid"],
        "senderJid": message.get("senderJid"),
        "senderLid": message.get("senderLid"),
        "senderName": next((names[sender] for sender in _senders(message) if sender in names), None),
        "fromMe": from_me,
        "direction": "out" if from_me else "in",
        "type": message["type"],
        "body": message.get("body"),
        "status": status,  # type: ignore[typeddict-item]  # stored as text
        "ackLevel": None if status is None else ACK_LEVELS.get(status),
        "error": message.get("error"),
        "hasMedia": message.get("hasMedia", False),
        "media": _media(message.get("media")),
        "mentions": list(mentions) if mentions is not None else None,
        "mentionNames": _mention_names(mentions or [], names),
        "quotedMessageId": message.get("quotedMessageId"),
        "reactions": [
            {"senderJid": reaction["sender"], "emoji": reaction["emoji"], "timestamp": reaction["timestamp"]}
            for reaction in message.get("reactions", ())
            if reaction["emoji"]
        ],
        "poll": _poll(message),
        "location": _location(message.get("location")),
        "contact": _card(message.get("contact")),
        "views": message.get("views"),
        "edited": message.get("edited", False),
        "deleted": message.get("deleted", False),
        "timestamp": message["timestamp"],
        "createdAt": message["createdAt"],
    }


def _senders(message: MessageDocument) -> list[Jid]:
    """The forms of the sender's address; in a direct chat an incoming message may leave it to the chat's."""
    told = [jid for jid in (message.get("senderJid"), message.get("senderLid")) if jid is not None]
    if not told and not message.get("fromMe", False) and is_person(message["chatJid"]):
        return [message["chatJid"]]
    return told


def _mention_names(mentions: Iterable[Jid], names: Names) -> dict[str, str] | None:
    return {user_part(jid): names[jid] for jid in mentions if jid in names} or None


def _media(media: Mapping[str, Any] | None) -> Media | None:
    if media is None:
        return None
    return {"mimetype": media.get("mimetype"), "size": media.get("size"), "filename": media.get("filename")}


def _location(location: Mapping[str, Any] | None) -> Location | None:
    if location is None:
        return None
    return {
        "latitude": location["latitude"],
        "longitude": location["longitude"],
        "name": location.get("name"),
        "address": location.get("address"),
    }


def _card(card: Mapping[str, Any] | None) -> ContactCard | None:
    if card is None:
        return None
    return {"displayName": card.get("displayName"), "vcard": card.get("vcard")}


def _poll(message: MessageDocument) -> Poll | None:
    poll: Mapping[str, Any] | None = message.get("poll")
    if poll is None:
        return None
    return {
        "name": poll["name"],
        "options": list(poll["options"]),
        "selectableCount": poll["selectableCount"],
        "votes": [
            {"voterJid": vote["voter"], "selectedHashes": list(vote["hashes"]), "timestamp": vote["timestamp"]}
            for vote in message.get("votes", ())
        ],
    }
