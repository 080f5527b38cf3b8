"""What happens in a simulated session besides messages: names change, members come and go, flags are set.

Nothing is remembered: what a change says follows from its round, the number of times that kind came to that chat before.
"""

from collections.abc import Callable
from typing import Final

from waypost_common.identifiers import FOREVER
from waypost_common.jids import ChatType
from waypost_connector.simulated.acquaintance import as_known
from waypost_connector.simulated.cast import Cast, Chat
from waypost_connector.simulated.drafts import Draft
from waypost_connector.simulated.openings import channel_facts, contact_facts, opens_at

STEPS_PER_CHANGE: Final = 7
HOUR_MS: Final = 3_600_000


def change(cast: Cast, number: int) -> list[Draft]:
    """The `number`-th change of the session, of step STEPS_PER_CHANGE * number. Empty while its chat has not appeared yet."""
    place = number % len(CHANGES)
    kind, make = CHANGES[place]
    chats = [chat for chat in cast.chats if kind is None or chat.type is kind]
    if not chats:
        return []
    turn = number // len(CHANGES)
    chat = chats[turn % len(chats)]
    first_number = -(-opens_at(cast, chat) // STEPS_PER_CHANGE)
    first_turn = max(-(-(first_number - place) // len(CHANGES)), 0)
    first_turn += (turn - first_turn) % len(chats)
    if turn < first_turn:
        return []
    return [make(cast, as_known(cast, chat, STEPS_PER_CHANGE * number), (turn - first_turn) // len(chats))]


def _metadata(cast: Cast, chat: Chat, times_before: int) -> Draft:
    return channel_facts(cast, chat, times_before + 1, "metadata")


def _channel_mute(_cast: Cast, chat: Chat, times_before: int) -> Draft:
    return Draft("newsletter.update", {"jid": chat.jid, "action": ("mute", "unmute")[times_before % 2]})


def _rename_contact(_cast: Cast, chat: Chat, times_before: int) -> Draft:
    return contact_facts(chat, times_before + 1)


def _rename_group(_cast: Cast, chat: Chat, times_before: int) -> Draft:
    by = chat.people[times_before % len(chat.people)].jid
    named = {"groupJid": chat.jid, "subject": f"{chat.name} 🎈{times_before + 1}", "sender": by, "timestamp": 0}
    return Draft(
        "group.update", named | ({"description": f"{chat.name}: {chat.language.phrases[0]}"} if times_before % 2 else {})
    )


def _membership(_cast: Cast, chat: Chat, times_before: int) -> Draft:
    """A guest joins, is promoted, demoted, and leaves; then the next one."""
    action = ("join", "promote", "demote", "leave")[times_before % 4]
    guest = chat.guests[times_before // 4 % len(chat.guests)]
    by = guest.jid if action == "leave" else chat.people[0].jid
    return Draft("group.participant", {"groupJid": chat.jid, action: [guest.jid], "sender": by, "timestamp": 0})


def _flag(field: str) -> Callable[[Cast, Chat, int], Draft]:
    def change_flag(_cast: Cast, chat: Chat, times_before: int) -> Draft:
        return Draft("chat.update", {"chatJid": chat.jid, "change": field, field: times_before % 2 == 0})

    return change_flag


def _mute(_cast: Cast, chat: Chat, times_before: int) -> Draft:
    until = (8 * HOUR_MS, None, FOREVER, None)[times_before % 4]
    return Draft("chat.update", {"chatJid": chat.jid, "change": "muted", "mutedUntil": until})


def _read(_cast: Cast, chat: Chat, _times_before: int) -> Draft:
    return Draft("chat.update", {"chatJid": chat.jid, "change": "read", "readUpTo": 0})


def _unread(_cast: Cast, chat: Chat, _times_before: int) -> Draft:
    return Draft("chat.update", {"chatJid": chat.jid, "change": "unread"})


def _picture(cast: Cast, chat: Chat, times_before: int) -> Draft:
    fields = (
        {"removed": True} if times_before % 3 == 2 else {"pictureId": cast.draw("picture", chat.rank, times_before).hex()[:10]}
    )
    return Draft("chat.update", {"chatJid": chat.jid, "change": "picture"} | fields)


def _delete(cast: Cast, chat: Chat, times_before: int) -> Draft:
    """Busy chats are not deleted: that would be an odd life."""
    if chat.rank < 3 or (chat.rank + times_before) % 4:
        return _read(cast, chat, times_before)
    return Draft("chat.update", {"chatJid": chat.jid, "change": "deleted"})


def _presence(_cast: Cast, chat: Chat, times_before: int) -> Draft:
    away = {"state": "unavailable", "lastSeen": -HOUR_MS // 10}
    return Draft("presence.update", {"from": chat.jid} | (away if times_before % 2 else {"state": "available"}))


def _call(cast: Cast, chat: Chat, times_before: int) -> Draft:
    call = cast.draw("call", chat.rank, times_before).hex()[:32].upper()
    return Draft("call.incoming", {"callId": call, "from": chat.jid, "timestamp": 0, "isGroup": False})


CHANGES: Final[tuple[tuple[ChatType | None, Callable[[Cast, Chat, int], Draft]], ...]] = (
    (ChatType.GROUP, _membership), (None, _read), (ChatType.DM, _presence), (ChatType.GROUP, _rename_group),
    (ChatType.DM, _rename_contact), (None, _flag("archived")), (ChatType.NEWSLETTER, _metadata), (None, _read),
    (None, _flag("pinned")), (ChatType.DM, _call), (None, _mute), (None, _unread),
    (ChatType.DM, _picture), (ChatType.NEWSLETTER, _channel_mute), (None, _delete),
)  # fmt: skip
