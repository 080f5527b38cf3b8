"""Hypothesis strategies for the payload of each event type, valid by the catalogue.

Each gives `(event, payload)`. Never generated, because the catalogue leaves open what they would mean: empty names,
explicit nulls for absent fields (other than `media` and `mutedUntil`), empty flag changes, NUL characters.
"""

from collections.abc import Sequence

from hypothesis import strategies as st

from .messages import STATUSES
from .pools import (
    CONTENTS,
    GROUP,
    JIDS,
    MESSAGE_IDS,
    MUTES,
    NAMES,
    NEWSLETTER,
    OTHER_IDS,
    PEOPLE,
    REACTORS,
    SAID_AT,
    SENDERS,
    START,
    jids,
    limits,
    message_ids,
    names,
    targets,
    texts,
)
from .records import DAY, Json

Event = tuple[str, Json]


def pick(*values: Json) -> st.SearchStrategy[Json]:
    return st.sampled_from(values)


def merged(*parts: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.tuples(*parts).map(lambda dicts: {field: value for part in dicts for field, value in part.items()})


def event(name: str, *parts: st.SearchStrategy[Json]) -> st.SearchStrategy[Event]:
    return merged(*parts).map(lambda payload: (name, payload))


erased_until = st.sampled_from([START + 1000, START + 1000, START + 2000, START + DAY])
push_names = pick({}, {}, {"pushName": ""}, *({"pushName": name} for name in NAMES))
said_at = st.sampled_from(SAID_AT).map(lambda time: {"timestamp": time})
bodies: st.SearchStrategy[Json] = st.one_of(st.just({}), texts.map(lambda text: {"body": text}))
fences = pick({}, {}, {"fence": 1}, {"fence": 2}, {"fence": 3})


def about_a_message(chat: str) -> st.SearchStrategy[Json]:
    """What edits, revocations, reactions and votes share; their own id may equal a message's, which must not matter."""
    return st.builds(
        lambda own, target, time, sender, mine: {
            "waMessageId": own,
            "targetId": target,
            "chatJid": chat,
            "fromMe": mine,
            "type": "text",
            "hasMedia": False,
            "media": None,
            "timestamp": time,
            **sender,
        },
        st.sampled_from(OTHER_IDS + MESSAGE_IDS),
        targets,
        st.sampled_from(SAID_AT),
        st.sampled_from(REACTORS),
        st.booleans(),
    )


def messages(chat: str, contents: Sequence[Json] = CONTENTS, senders: Sequence[Json] = SENDERS) -> st.SearchStrategy[Event]:
    direction = st.sampled_from(
        [("message", {"fromMe": False})] * 5
        + [("message", {"fromMe": False, "history": True})] * 2
        + [("message.from_me", {"fromMe": True})] * 2
        + [("message.from_me", {"fromMe": True, "history": True}), ("message", {"fromMe": True})]
    )
    views = pick({}, {"views": 12}) if chat == NEWSLETTER else st.just({})
    payload = merged(
        message_ids.map(lambda own: {"waMessageId": own, "chatJid": chat}),
        st.sampled_from(contents),
        st.sampled_from(senders),
        said_at,
        push_names,
        bodies,
        views,
    )
    return st.builds(lambda way, rest: (way[0], {**rest, **way[1]}), direction, payload)


def edits(chat: str) -> st.SearchStrategy[Event]:
    return event("message.edited", about_a_message(chat), texts.map(lambda text: {"body": text}), push_names)


def revocations(chat: str) -> st.SearchStrategy[Event]:
    return event("message.revoked", about_a_message(chat))


def reactions(chat: str) -> st.SearchStrategy[Event]:
    emoji = pick({"reaction": ""}, {"reaction": "👍"}, {"reaction": "👍🏽"}, {"reaction": "❤️"})
    return event("message.reaction", about_a_message(chat), emoji)


def votes(chat: str) -> st.SearchStrategy[Event]:
    hashes = pick({"selectedHashes": []}, {"selectedHashes": ["aa11"]}, {"selectedHashes": ["bb22", "aa11"]})
    return event("poll.vote", about_a_message(chat), hashes)


def acknowledgements(chat: str) -> st.SearchStrategy[Event]:
    status = pick(
        *({"status": status} for status in STATUSES),
        *[{"status": "failed", "error": "recipient not on WhatsApp"}] * 2,
        {"status": "failed", "error": "timed out"},
    )
    ids = st.lists(targets, min_size=1, max_size=2)
    named = ids.map(lambda given: {"chatJid": chat, "messageIds": given})
    return event("message.status", named, status, said_at, st.one_of(st.just({}), jids.map(lambda j: {"senderJid": j})))


def chat_updates(chat: str, *changes: str) -> st.SearchStrategy[Event]:
    flags: dict[str, st.SearchStrategy[Json]] = {
        "archived": pick({"archived": True}, {"archived": False}),
        "pinned": pick({"pinned": True}, {"pinned": False}),
        "muted": pick(*({"mutedUntil": until} for until in MUTES)),
    }
    fields: dict[str, st.SearchStrategy[Json]] = {
        **flags,
        "flags": st.one_of(*flags.values(), merged(flags["archived"], flags["muted"]), merged(flags["pinned"], *flags.values())),
        "read": st.one_of(st.just({}), limits.map(lambda time: {"readUpTo": time})),
        "unread": st.just({}),
        "picture": pick({"pictureId": "1719"}, {"pictureId": "1720"}, {"removed": True}),
        "deleted": st.just({}),
        "trimmed": limits.map(lambda time: {"before": time}),
        "erased": st.builds(lambda jid, time: {"jid": jid, "before": time}, st.sampled_from(PEOPLE[0]), erased_until),
    }
    return st.sampled_from(changes).flatmap(
        lambda change: event(
            "chat.update",
            st.just({"chatJid": chat, "change": change}),
            fields[change],
            pick({}, {"requires": "stored"}),
        )
    )


def contact_updates(jid: str) -> st.SearchStrategy[Event]:
    fields = st.fixed_dictionaries(
        {"jid": st.just(jid)},
        optional={
            "pushName": names,
            "fullName": names,
            "firstName": names,
            "lid": st.sampled_from([lid for _, lid in PEOPLE]),
            "phoneJid": st.sampled_from([phone for phone, _ in PEOPLE]),
            "phoneNumber": st.sampled_from(["6281234567890", "5511987654321"]),
            "businessName": names,
            "blocked": st.booleans(),
            "about": texts,
        },
    )
    return event("contact.update", fields)


def group_updates() -> st.SearchStrategy[Event]:
    fields = st.fixed_dictionaries(
        {"groupJid": st.just(GROUP)},
        optional={
            "subject": names,
            "description": texts,
            "isAnnounce": st.booleans(),
            "isLocked": st.booleans(),
            "newInviteLink": st.sampled_from(["https://chat.whatsapp.com/A", "https://chat.whatsapp.com/B"]),
            "ownerJid": jids,
            "createdAtWa": st.just(START - 1000),
            "sender": jids,
            "timestamp": st.sampled_from(SAID_AT),
        },
    )
    return event("group.update", fields)


def group_participants() -> st.SearchStrategy[Event]:
    some = st.lists(st.sampled_from(JIDS[:3]), min_size=1, max_size=2, unique=True)
    role = st.sampled_from(["member", "admin", "superadmin"])
    by_lid = st.builds(
        lambda person, phone_known, role, tag: {
            "lid": person[1],
            **({"phoneJid": person[0]} if phone_known else {}),
            "role": role,
            **tag,
        },
        st.sampled_from(PEOPLE[:2]),
        st.booleans(),
        role,
        pick({}, {"tag": "~Alice"}),
    )
    by_phone = st.builds(lambda person, role: {"phoneJid": person[0], "role": role}, st.sampled_from(PEOPLE[:2]), role)
    snapshot = st.lists(st.one_of(by_lid, by_phone), max_size=3, unique_by=lambda entry: entry.get("lid") or entry["phoneJid"])
    kinds = st.sampled_from([["join"], ["leave"], ["promote"], ["demote"], ["join", "leave"], ["join", "promote"]])
    changes = kinds.flatmap(lambda names: st.fixed_dictionaries(dict.fromkeys(names, some)))
    lists = st.one_of(
        changes,
        snapshot.map(lambda given: {"snapshot": given}),
        merged(snapshot.map(lambda given: {"snapshot": given}), changes),
    )
    return event("group.participant", st.just({"groupJid": GROUP}), lists)


def newsletter_updates() -> st.SearchStrategy[Event]:
    actions = st.sampled_from(["join", "leave", "mute", "unmute", "metadata"])
    fields = st.fixed_dictionaries(
        {"jid": st.just(NEWSLETTER), "action": actions},
        optional={
            "name": names,
            "description": texts,
            "role": st.sampled_from(["owner", "admin", "subscriber", "guest"]),
            "subscribers": st.integers(0, 3),
            "inviteLink": st.sampled_from(["https://whatsapp.com/channel/A", "https://whatsapp.com/channel/B"]),
        },
    )
    return event("newsletter.update", fields)


def live_only(chat: str) -> st.SearchStrategy[Event]:
    caller = PEOPLE[0][0]
    return st.sampled_from(
        [
            ("presence.update", {"from": JIDS[0], "state": "composing", "chatJid": chat, "media": "text"}),
            ("presence.update", {"from": JIDS[0], "state": "available"}),
            ("call.incoming", {"callId": "C1", "from": caller, "timestamp": START, "isGroup": False}),
        ]
    )


def session_statuses() -> st.SearchStrategy[Event]:
    states = ["starting", *["scan_qr_code"] * 5, "working", "failed", "stopped", "logged_out"]
    why = pick(
        *({"status": state} for state in states),
        {"desired": "running"},
        {"desired": "stopped"},
        {"desired": "running", "status": "starting"},
    )
    removal = pick(*[{}] * 9, {"removed": True})
    about = pick(
        {},
        {},
        {"label": "Support line", "autoRead": True, "presenceTyping": True, "createdByUserId": "user_01J9DEF"},
        {"label": "Línea 2", "autoRead": False, "isAdminSession": True},
        {"gatewayId": "gw-sg-1", "backend": "simulated", "operations": ["message.send", "chat.update"]},
        {"gatewayId": "gw-sg-2", "operations": []},
        {"phoneNumber": "6281234567890", "waJid": PEOPLE[0][0], "waLid": PEOPLE[0][1]},
    )
    return event("session.status", why, removal, about, fences)


def authentications() -> st.SearchStrategy[Event]:
    qr = event("auth.qr", pick({"code": "2@A"}, {"code": "2@B", "expiresAt": START + 1500}), fences)
    pairing = event("auth.code", pick({"code": "ABCD-1234"}, {"code": "WXYZ-9876"}), fences)
    paired = pick(
        {"jid": PEOPLE[0][0], "lid": PEOPLE[0][1], "businessName": "Acme Corp", "platform": "android"},
        {"jid": PEOPLE[1][0], "platform": "iphone"},
        {"jid": PEOPLE[2][1]},
    )
    return st.sampled_from([qr, qr, pairing, event("auth.code", paired, fences)]).flatmap(lambda chosen: chosen)
