"""What the stored documents show, in the shape of the reference model's view."""

from collections.abc import Iterable
from typing import Any

from waypost_common.documents import PROJECTIONS, Collection, collection_name
from waypost_common.mongo import MongoDatabase, aggregate

Json = dict[str, Any]

MESSAGE_FIELDS = (
    "senderJid", "senderLid", "pushName", "fromMe", "type", "body", "status", "error", "hasMedia", "media", "mentions",
    "quotedMessageId", "timestamp", "createdAt", "views", "location", "contact", "poll",
)  # fmt: skip
SESSION_FIELDS = (
    "status", "desired", "label", "phoneNumber", "waJid", "waLid", "gatewayId", "operations", "autoRead", "presenceTyping",
    "isAdminSession", "createdByUserId", "backend", "removed", "qr", "pairingCode", "businessName", "platform", "fence",
    "createdAt", "updatedAt", "lastConnectedAt",
)  # fmt: skip
CHAT_FIELDS = (
    "jid", "type", "name", "unreadCount", "markedUnread", "archived", "pinned", "mutedUntil", "lastMessageAt", "pictureId",
)  # fmt: skip
GROUP_FIELDS = (
    "jid", "subject", "description", "isAnnounce", "isLocked", "ownerJid", "createdAtWa", "inviteLink", "participantCount",
    "firstSeenAt", "updatedAt",
)  # fmt: skip
MEMBER_FIELDS = ("member", "lid", "phoneJid", "role", "tag", "firstSeenAt", "lastSeenAt")
CHANNEL_FIELDS = ("jid", "name", "description", "role", "subscribers", "inviteLink", "followed", "muted")


async def stored_view(database: MongoDatabase) -> Json:
    return view_of(await all_documents(database))


def view_of(documents: dict[str, dict[str, Json]]) -> Json:
    members = documents["group_members"].values()
    return {
        "sessions": {
            key: {"id": key, "organizationId": session["organization"], **_picked(session, SESSION_FIELDS)}
            for key, session in documents["sessions"].items()
        },
        "chats": {
            key: {**_picked(chat, CHAT_FIELDS), "messages": _messages(chat, documents["messages"].values())}
            for key, chat in documents["chats"].items()
            if chat["visible"]
        },
        "contacts": {key: _contact(contact) for key, contact in documents["contacts"].items() if contact.get("listed")},
        "groups": {
            key: {
                **_picked(group, GROUP_FIELDS),
                "members": {
                    member["member"]: _picked(member, MEMBER_FIELDS)
                    for member in sorted(members, key=lambda one: str(one["member"]))
                    if member["present"] and f"{member['session']}|{member['groupJid']}" == key
                },
            }
            for key, group in documents["groups"].items()
        },
        "channels": {key: _picked(channel, CHANNEL_FIELDS) for key, channel in documents["channels"].items()},
    }


async def all_documents(
    database: MongoDatabase, generation: int = 1, sessions: Iterable[str] | None = None
) -> dict[str, dict[str, Json]]:
    """Every document of every projection, field for field, by one question; of all sessions, or of those named."""
    wanted: Json = {}
    if sessions is not None:
        # Every id begins with its session's.
        wanted = {"$or": [{"_id": {"$gte": session, "$lt": session + "~"}} for session in sessions]}
    found: dict[str, dict[str, Json]] = {collection.value: {} for collection in PROJECTIONS}
    first, *others = ((collection_name(one, generation), _labelled(one, wanted)) for one in PROJECTIONS)
    unions = [{"$unionWith": {"coll": name, "pipeline": pipeline}} for name, pipeline in others]
    async for row in aggregate(database[first[0]], [*first[1], *unions]):
        found[row["collection"]][row["document"]["_id"]] = row["document"]
    return found


def _labelled(collection: Collection, wanted: Json) -> list[Json]:
    return [{"$match": wanted}, {"$project": {"_id": 0, "collection": {"$literal": collection.value}, "document": "$$ROOT"}}]


def _picked(document: Json, fields: tuple[str, ...]) -> Json:
    return {field: document.get(field) for field in fields}


def _messages(chat: Json, messages: Any) -> list[Json]:
    mine = [
        message
        for message in messages
        if (message["session"], message["chatJid"], message["epoch"]) == (chat["session"], chat["jid"], chat["epoch"])
        and message.get("effectiveAt", -1) >= chat["trimmedBefore"]
    ]
    mine.sort(key=lambda message: (message["effectiveAt"], message["offset"]), reverse=True)
    return [_message(message) for message in mine]


def _message(message: Json) -> Json:
    return {
        "id": message["messageId"],
        **_picked(message, MESSAGE_FIELDS),
        "edited": message.get("edited", False),
        "deleted": message.get("deleted", False),
        "history": message.get("history", False),
        "votes": [
            {"voter": vote["voter"], "selectedHashes": vote["hashes"], "timestamp": vote["timestamp"]}
            for vote in message.get("votes", [])
            if "poll" in message
        ],
        "reactions": [
            {"senderJid": reaction["sender"], "emoji": reaction["emoji"], "timestamp": reaction["timestamp"]}
            for reaction in message.get("reactions", [])
            if reaction["emoji"]
        ],
    }


def _contact(contact: Json) -> Json:
    jid = contact["jid"]
    lid = contact.get("lid") or contact.get("groupLid") or (jid if jid.endswith("@lid") else None)
    phone = contact.get("phoneJid") or contact.get("groupPhoneJid") or (jid if jid.endswith("@s.whatsapp.net") else None)
    return {
        "jid": jid,
        "fullName": contact.get("fullName"),
        "firstName": contact.get("firstName"),
        "pushName": contact.get("pushName"),
        "groupPushName": contact.get("groupPushName", {}).get("name"),
        "lid": lid,
        "phoneJid": phone,
        "phoneNumber": contact.get("phoneNumber") or (phone.partition("@")[0] if phone else None),
        "businessName": contact.get("businessName"),
        "blocked": contact.get("blocked", False),
        "about": contact.get("about"),
        "dm": contact.get("dm", False),
    }
