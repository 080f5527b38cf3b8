"""One full payload of each event type, and the subject that its key names."""

from typing import Any

ALICE = "6281234567890@s.whatsapp.net"
ALICE_LID = "111222333@lid"
GROUP = "120363000000000001@g.us"
CHANNEL = "120363000000000002@newsletter"
EVENT_ID = "evt_01J9ZX8K2QHV0M3T6R7P4N5W8C"
COMMAND_ID = "cmd_01J9ZX8K2QHV0M3T6R7P4N5W8C"
NOW = 1_719_662_400_000

MESSAGE = {
    "waMessageId": "3EB0",
    "chatJid": GROUP,
    "fromMe": False,
    "type": "text",
    "hasMedia": True,
    "timestamp": NOW,
    "body": "Hello",
    "senderJid": ALICE,
    "senderLid": ALICE_LID,
    "pushName": "Alice",
    "quotedMessageId": "3EAF",
    "mentions": [ALICE],
    "media": {"mimetype": "image/png", "size": 5, "filename": "a.png"},
    "location": {"latitude": 1.5, "longitude": -2, "name": "Here", "address": "There"},
    "contact": {"displayName": "Bob", "vcard": "BEGIN:VCARD"},
    "poll": {"name": "Which?", "options": ["a", "b"], "selectableCount": 1},
    "history": True,
    "views": 3,
}
TARGETED = MESSAGE | {"targetId": "3EAE", "reaction": "+", "selectedHashes": ["aa"]}

PAYLOADS: dict[str, tuple[dict[str, Any], str | None]] = {
    "session.status": (
        {"status": "working", "operations": ["message.send"], "desired": "running", "fence": 3, "waJid": ALICE},
        None,
    ),
    "auth.qr": ({"code": "qr", "expiresAt": NOW}, None),
    "auth.code": ({"jid": ALICE, "lid": ALICE_LID, "businessName": "B", "platform": "android", "code": "1234"}, None),
    "message": (MESSAGE, GROUP),
    "message.from_me": (MESSAGE, GROUP),
    "message.edited": (TARGETED, GROUP),
    "message.revoked": (TARGETED, GROUP),
    "message.reaction": (TARGETED, GROUP),
    "poll.vote": (TARGETED, GROUP),
    "message.status": (
        {"chatJid": ALICE, "messageIds": ["3EB0"], "status": "read", "timestamp": NOW, "senderJid": ALICE, "error": "e"},
        ALICE,
    ),
    "presence.update": ({"from": ALICE, "state": "composing", "chatJid": GROUP, "media": "audio", "lastSeen": NOW}, GROUP),
    "call.incoming": ({"callId": "c", "from": ALICE, "timestamp": NOW, "isGroup": False}, ALICE),
    "group.update": ({"groupJid": GROUP, "subject": "S", "ownerJid": ALICE, "newInviteLink": "link", "sender": ALICE}, GROUP),
    "group.participant": (
        {"groupJid": GROUP, "join": [ALICE], "snapshot": [{"lid": ALICE_LID, "phoneJid": ALICE, "role": "admin", "tag": "t"}]},
        GROUP,
    ),
    "chat.update": ({"chatJid": ALICE, "change": "muted", "mutedUntil": None, "requires": "stored"}, ALICE),
    "contact.update": ({"jid": ALICE, "fullName": "Alice A", "lid": ALICE_LID, "blocked": False}, ALICE),
    "newsletter.update": ({"jid": CHANNEL, "action": "join", "role": "guest", "subscribers": 4}, CHANNEL),
}


def event_json(name: str, payload: dict[str, Any] | None = None, **envelope: Any) -> dict[str, Any]:
    return {
        "schema": "v1",
        "id": EVENT_ID,
        "event": name,
        "session": "S1",
        "organization": "org_1",
        "timestamp": NOW,
        "payload": PAYLOADS[name][0] if payload is None else payload,
    } | envelope
