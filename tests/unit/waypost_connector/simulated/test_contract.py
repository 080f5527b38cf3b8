"""Every event that the simulated world makes, field by field against the catalogue.

The catalogue is written out here from its text, apart from the models of `waypost_common.event_payloads`: what these let pass but
the text does not (a `+` before a phone number, a time that is no whole second) would otherwise never be seen.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
import pytest

from waypost_common.events import EVENT_TYPES, encode_event, key_of
from waypost_common.identifiers import FOREVER
from waypost_connector.simulated.world import START, generate_events

Check = Callable[[Any], bool]
SEEDS: Final = [pytest.param(seed, marks=[pytest.mark.slow] if seed >= 8 else []) for seed in range(40)]
EVENTS_OF_A_SEED: Final = 500


def text_like(pattern: str) -> Check:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def one_of(*values: object) -> Check:
    return lambda value: value in values


def either(*checks: Check) -> Check:
    return lambda value: any(check(value) for check in checks)


def list_of(check: Check, *, least: int = 0) -> Check:
    return lambda value: isinstance(value, list) and len(value) >= least and all(map(check, value))


def number(value: Any) -> bool:
    return type(value) is int and value >= 0


def degrees(value: Any) -> bool:
    return isinstance(value, float) and -180 <= value <= 180


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def null(value: Any) -> bool:
    return value is None


def whole_second(value: Any) -> bool:
    """Epoch milliseconds of about the simulated time: WhatsApp tells whole seconds."""
    return type(value) is int and value % 1_000 == 0 and START - 400 * 86_400_000 < value < START + 400 * 86_400_000


PHONE: Final = text_like(r"999[0-9]{10}@s\.whatsapp\.net")
LID: Final = text_like(r"[0-9]{15}@lid")
PERSON: Final = either(PHONE, LID)
GROUP: Final = text_like(r"12036[0-9]{13}@g\.us")
CHANNEL: Final = text_like(r"12036[0-9]{13}@newsletter")
CHAT: Final = either(PERSON, GROUP, CHANNEL, one_of("status@broadcast"))
DIGITS: Final = text_like(r"999[0-9]{10}")
MESSAGE_ID: Final = text_like(r"3EB0[0-9A-F]{18}")


def fields_of(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    return lambda value: wrong_fields(value, required, optional) == []


def wrong_fields(value: Mapping[str, Any], required: Mapping[str, Check], optional: Mapping[str, Check]) -> list[str]:
    checks = {**required, **optional}
    missing = [f"{name} is missing" for name in required if name not in value]
    unknown = [f"{name} is not in the catalogue" for name in value if name not in checks]
    wrong = [f"{name} is {given!r}" for name, given in value.items() if name in checks and not checks[name](given)]
    return missing + unknown + wrong


MEDIA: Final = fields_of({"mimetype": text, "size": number}, {"filename": text})
PLACE: Final = fields_of({"latitude": degrees, "longitude": degrees}, {"name": either(text, null), "address": either(text, null)})
CARD: Final = fields_of({"displayName": text, "vcard": text}, {})
POLL: Final = fields_of({"name": text, "options": list_of(text, least=2), "selectableCount": number}, {})
MEMBER: Final = fields_of({"role": one_of("member", "admin", "superadmin")}, {"lid": LID, "phoneJid": PHONE})

MESSAGE: Final[dict[str, Check]] = {
    "waMessageId": MESSAGE_ID,
    "chatJid": CHAT,
    "fromMe": flag,
    "type": text_like("[a-z]+"),
    "hasMedia": flag,
    "timestamp": whole_second,
}
WRITTEN: Final[dict[str, Check]] = {
    "body": text,
    "senderJid": PERSON,
    "senderLid": LID,
    "pushName": text,
    "quotedMessageId": MESSAGE_ID,
    "mentions": list_of(PERSON, least=1),
    "media": MEDIA,
    "location": PLACE,
    "contact": CARD,
    "poll": POLL,
    "history": one_of(True),
    "views": number,
}
TARGET: Final[dict[str, Check]] = MESSAGE | {"targetId": MESSAGE_ID}
STATES: Final = one_of("starting", "scan_qr_code", "working")
SESSION: Final[dict[str, Check]] = {
    "operations": list_of(text),
    "backend": one_of("simulated"),
    "label": text,
    "desired": one_of("running"),
    "phoneNumber": DIGITS,
    "waJid": PHONE,
    "waLid": LID,
}
CHANGES: Final = one_of("archived", "pinned", "muted", "read", "unread", "deleted", "picture")
CATALOGUE: Final[Mapping[str, tuple[Mapping[str, Check], Mapping[str, Check]]]] = {
    "session.status": ({"status": STATES}, SESSION),
    "auth.qr": ({"code": text}, {"expiresAt": whole_second}),
    "auth.code": ({"jid": PHONE, "lid": LID}, {"businessName": null, "platform": text}),
    "message": (MESSAGE, WRITTEN),
    "message.from_me": (MESSAGE, WRITTEN),
    "message.edited": (TARGET | {"body": text}, WRITTEN),
    "message.revoked": (TARGET, WRITTEN),
    "message.reaction": (TARGET | {"reaction": either(text, one_of(""))}, WRITTEN),
    "poll.vote": (TARGET | {"selectedHashes": list_of(text_like("[0-9a-f]{64}"))}, WRITTEN),
    "message.status": (
        {
            "chatJid": CHAT,
            "messageIds": list_of(MESSAGE_ID, least=1),
            "status": one_of("pending", "sent", "delivered", "read", "played", "failed"),
            "timestamp": whole_second,
        },
        {"senderJid": PERSON, "error": text},
    ),
    "presence.update": (
        {"from": PERSON, "state": one_of("available", "unavailable", "composing", "paused")},
        {"chatJid": CHAT, "media": one_of("text", "audio"), "lastSeen": whole_second},
    ),
    "group.update": (
        {"groupJid": GROUP},
        {
            "subject": text,
            "description": text,
            "isAnnounce": flag,
            "isLocked": flag,
            "ownerJid": PERSON,
            "createdAtWa": whole_second,
            "sender": PERSON,
            "timestamp": whole_second,
        },
    ),
    "group.participant": (
        {"groupJid": GROUP, "timestamp": whole_second},
        {action: list_of(PERSON, least=1) for action in ("join", "leave", "promote", "demote")}
        | {"snapshot": list_of(MEMBER, least=1), "sender": PERSON},
    ),
    "chat.update": (
        {"chatJid": CHAT, "change": CHANGES},
        {
            "archived": flag,
            "pinned": flag,
            "mutedUntil": either(whole_second, null, one_of(FOREVER)),
            "readUpTo": whole_second,
            "pictureId": text,
            "removed": flag,
        },
    ),
    "contact.update": (
        {"jid": PERSON},
        {
            "pushName": text,
            "fullName": text,
            "firstName": text,
            "lid": LID,
            "phoneJid": PHONE,
            "phoneNumber": DIGITS,
            "businessName": text,
            "about": text,
        },
    ),
    "call.incoming": ({"callId": text, "from": PERSON, "timestamp": whole_second, "isGroup": flag}, {"groupJid": GROUP}),
    "newsletter.update": (
        {"jid": CHANNEL, "action": one_of("join", "leave", "mute", "unmute", "metadata")},
        {"name": text, "role": one_of("owner", "admin", "subscriber", "guest"), "subscribers": number, "inviteLink": text},
    ),
}
ENVELOPE: Final[dict[str, Check]] = {
    "schema": one_of("v1"),
    "id": text_like("evt_[0-7][0-9A-HJKMNP-TV-Z]{25}"),
    "event": one_of(*EVENT_TYPES),
    "session": text_like("[0-7][0-9A-HJKMNP-TV-Z]{25}"),
    "organization": one_of("org_demo"),
    "timestamp": lambda value: type(value) is int and value >= START,
    "payload": lambda value: isinstance(value, dict),
}
KEY_OF_A_CHAT: Final = "chatJid", "groupJid", "jid", "from"


@pytest.mark.parametrize("seed", SEEDS)
def test_every_field_of_every_event_is_as_the_catalogue_says(seed: int) -> None:
    wrong = {}
    for event in generate_events(seed=seed, count=EVENTS_OF_A_SEED, sessions=1 + seed % 3, chats=12 + seed, history=60):
        document = orjson.loads(encode_event(event))
        faults = wrong_fields(document, ENVELOPE, {})
        required, optional = CATALOGUE[event.event]
        faults += wrong_fields(document["payload"], required, optional)
        if faults:
            wrong[event.event] = faults
    assert wrong == {}


def test_every_key_is_the_session_and_the_chat_or_the_session_alone() -> None:
    for event in generate_events(seed=3, count=5_000, sessions=2, chats=30, history=100):
        payload = orjson.loads(encode_event(event))["payload"]
        about = next((payload[name] for name in KEY_OF_A_CHAT if name in payload), None)
        alone = event.event in ("session.status", "auth.qr", "auth.code")
        assert key_of(event) == (event.session if alone else f"{event.session}|{about}")


def test_every_message_has_what_its_type_says() -> None:
    field_of_type = {"text": "body", "location": "location", "contact": "contact", "poll": "poll"}
    for event in generate_events(seed=4, count=10_000, sessions=2, chats=30, history=300):
        if event.event in ("message", "message.from_me"):
            payload = orjson.loads(encode_event(event))["payload"]
            assert payload["hasMedia"] == ("media" in payload)
            assert field_of_type.get(payload["type"], "media") in payload
            anonymous = "senderJid" not in payload and "senderLid" not in payload
            assert (payload["chatJid"].endswith("@newsletter")) == ("views" in payload) == anonymous
            assert payload.get("senderJid", "@s.whatsapp.net").endswith("@s.whatsapp.net")
            assert payload.get("senderLid", "@lid").endswith("@lid")
