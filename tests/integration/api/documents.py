"""Documents as ingest writes them, with what a test does not care about filled in."""

from typing import Any

from waypost_common.api_keys import hash_api_key
from waypost_common.documents import sort_key

ORGANIZATION = "org_mine"
OTHER_ORGANIZATION = "org_theirs"
CREATED = 1_719_662_400_000

Document = dict[str, Any]


def api_key_document(name: str, permissions: list[str], **others: Any) -> Document:
    """The key itself is `wa_<name>`."""
    return {
        "_id": f"key_{name}",
        "hash": hash_api_key(f"wa_{name}"),
        "organization": ORGANIZATION,
        "permissions": permissions,
        "session": None,
        "createdAt": CREATED,
        "expiresAt": None,
        "revokedAt": None,
        "ratePerMin": None,
        "label": None,
        **others,
    }


def session_document(session: str, organization: str = ORGANIZATION, **others: Any) -> Document:
    absent = (
        "desired", "operations", "gatewayId", "label", "phoneNumber", "waJid", "waLid", "createdByUserId", "backend",
        "businessName", "platform", "qr", "pairingCode", "fence", "lastConnectedAt",
    )  # fmt: skip
    return {
        "_id": session,
        "session": session,
        "organization": organization,
        "status": "working",
        **dict.fromkeys(absent),
        "autoRead": False,
        "presenceTyping": False,
        "isAdminSession": False,
        "removed": False,
        "createdAt": CREATED,
        "updatedAt": CREATED,
        "commands": [],
        "partition": 0,
        "offset": 1,
        **others,
    }


def chat_document(jid: str, session: str = "mine", organization: str = ORGANIZATION, **others: Any) -> Document:
    pinned, last = others.get("pinned", False), others.get("lastMessageAt")
    unread = others.get("unreadCount", 0) > 0 or others.get("markedUnread", False)
    absent = ("name", "mutedUntil", "lastMessageAt", "pictureId", "title", "fullName", "firstName", "pushName", "deletedAt")
    return {
        "_id": f"{session}|{jid}",
        "session": session,
        "organization": organization,
        "jid": jid,
        "type": "group" if jid.endswith("@g.us") else "newsletter" if jid.endswith("@newsletter") else "dm",
        "visible": True,
        **dict.fromkeys(absent),
        "unreadCount": 0,
        "markedUnread": False,
        "unread": unread,
        "archived": False,
        "pinned": pinned,
        "sortKey": sort_key(pinned=pinned, last_message_at=last, jid=jid),
        "epoch": -1,
        "readUpTo": -1,
        "readBefore": -1,
        "trimmedBefore": -1,
        "erasures": [],
        "commands": [],
        "partition": 0,
        "offset": 1,
        **others,
    }


def message_document(
    message: str, chat: str, *, offset: int, at: int, session: str = "mine", epoch: int = -1, **others: Any
) -> Document:
    return {
        "_id": f"{session}|{chat}|{epoch}|{message}",
        "session": session,
        "organization": ORGANIZATION,
        "chatJid": chat,
        "epoch": epoch,
        "messageId": message,
        "partition": 0,
        "appliedOffset": offset,
        "offset": offset,
        "effectiveAt": at,
        "timestamp": at,
        "createdAt": at,
        "fromMe": False,
        "type": "text",
        "hasMedia": False,
        "body": f"body of {message}",
        **others,
    }


def placeholder_document(message: str, chat: str) -> Document:
    """What an acknowledgement leaves that came before its message."""
    whole = message_document(message, chat, offset=1, at=1, status="delivered")
    for name in ("offset", "effectiveAt", "timestamp", "createdAt", "fromMe", "type", "hasMedia", "body"):
        del whole[name]
    return whole


def contact_document(jid: str, **others: Any) -> Document:
    return {
        "_id": f"mine|{jid}",
        "session": "mine",
        "organization": ORGANIZATION,
        "jid": jid,
        "listed": True,
        "firstSeenAt": CREATED,
        "updatedAt": CREATED,
        **others,
    }


def group_document(jid: str, **others: Any) -> Document:
    absent = ("subject", "description", "isAnnounce", "isLocked", "ownerJid", "createdAtWa", "inviteLink", "participantCount")
    return {
        "_id": f"mine|{jid}",
        "session": "mine",
        "organization": ORGANIZATION,
        "jid": jid,
        **dict.fromkeys(absent),
        "firstSeenAt": CREATED,
        "updatedAt": CREATED,
        "partition": 0,
        "offset": 1,
        **others,
    }


def member_document(group: str, member: str, **others: Any) -> Document:
    return {
        "_id": f"mine|{group}|{member}",
        "session": "mine",
        "organization": ORGANIZATION,
        "groupJid": group,
        "member": member,
        "lid": None,
        "phoneJid": None,
        "role": "member",
        "tag": None,
        "present": True,
        "firstSeenAt": CREATED,
        "lastSeenAt": CREATED,
        "partition": 0,
        "offset": 1,
        **others,
    }


def channel_document(jid: str, **others: Any) -> Document:
    return {
        "_id": f"mine|{jid}",
        "session": "mine",
        "organization": ORGANIZATION,
        "jid": jid,
        "name": None,
        "description": None,
        "role": None,
        "subscribers": None,
        "inviteLink": None,
        "followed": True,
        "muted": False,
        "firstSeenAt": CREATED,
        "updatedAt": CREATED,
        "partition": 0,
        "offset": 1,
        **others,
    }
