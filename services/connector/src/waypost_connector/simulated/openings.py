"""How a simulated session learns of its chats: first those it had before it was paired, with history; the others begin later."""

from typing import Any, Final

from waypost_common.jids import ChatType, user_part
from waypost_connector.simulated.cast import Cast, Chat
from waypost_connector.simulated.conversation import Conversation
from waypost_connector.simulated.drafts import Burst, Draft

STEPS_PER_NEW_CHAT: Final = 2
AGE_OF_A_GROUP_MS: Final = 200 * 86_400_000


def opens_at(cast: Cast, chat: Chat) -> int:
    """The step in which a chat appears."""
    return chat.rank + (STEPS_PER_NEW_CHAT - 1) * max(chat.rank - cast.known_at_login, 0)


def newest_at(cast: Cast, step: int) -> Chat:
    """The chat that appeared last, up to and with this step."""
    known = cast.known_at_login
    rank = step if step < known else known + (step - known) // STEPS_PER_NEW_CHAT
    return cast.chats[min(rank, cast.chat_count - 1)]


def is_login(cast: Cast, step: int) -> bool:
    """Whether the step is one of the first, in which the session is handed what was there before."""
    return step < cast.known_at_login


def opening(cast: Cast, chat: Chat, step: int, history: int) -> Burst:
    """What WhatsApp tells when a session first learns of a chat; of `history` messages in all its share."""
    had_before = is_login(cast, step)
    told = Burst(_facts(cast, chat, age_ms=AGE_OF_A_GROUP_MS if had_before else 0))
    if history and had_before:
        share = max(round(cast.share_at_login(chat.rank) * history), 1)
        told.now += Conversation(cast, chat, step).history(share).now
    return told


def _facts(cast: Cast, chat: Chat, age_ms: int) -> list[Draft]:
    match chat.type:
        case ChatType.DM:
            return [contact_facts(chat, 0)]
        case ChatType.GROUP:
            group = {
                "groupJid": chat.jid, "subject": chat.name, "ownerJid": chat.people[0].jid, "createdAtWa": -age_ms,
                "isAnnounce": False, "isLocked": False, "timestamp": 0,
            }  # fmt: skip
            members = {"groupJid": chat.jid, "snapshot": _members(cast, chat), "timestamp": 0}
            return [Draft("group.update", group), Draft("group.participant", members)]
        case ChatType.NEWSLETTER:
            return [channel_facts(cast, chat, 0, "join")]
        case _:
            return []


def contact_facts(chat: Chat, times_before: int) -> Draft:
    person = chat.people[0]
    full = person.name if times_before == 0 else f"{person.name} ({times_before + 1})"
    payload: dict[str, Any] = {"jid": chat.jid, "fullName": full, "firstName": full.split()[0], "pushName": person.name}
    if person.lid and person.phone:
        payload |= {"lid": person.lid, "phoneJid": person.phone}
    if person.phone:
        payload["phoneNumber"] = user_part(person.phone)
    if times_before % 3 == 2:
        payload |= {"about": "☕", "businessName": f"{person.name} & Co."}
    return Draft("contact.update", payload)


def _members(cast: Cast, chat: Chat) -> list[dict[str, Any]]:
    roles = ["superadmin", *("member" if i % 5 else "admin" for i in range(1, len(chat.people))), "member"]
    everybody = (*chat.people, cast.me)
    return [
        {"role": role}
        | ({"lid": person.lid} if person.lid else {})
        | ({"phoneJid": person.phone} if person.phone else {})
        for person, role in zip(everybody, roles, strict=True)
    ]  # fmt: skip


def channel_facts(cast: Cast, chat: Chat, times_before: int, action: str) -> Draft:
    readers = 1_000 * (chat.rank + 1) + 37 * times_before
    payload = {"jid": chat.jid, "action": action, "name": chat.name, "role": "subscriber", "subscribers": readers}
    if times_before:
        payload["name"] = f"{chat.name} ✨{times_before}"
    payload["inviteLink"] = f"https://channel.example/{cast.draw('invite', chat.rank).hex()[:16]}"
    return Draft("newsletter.update", payload)
