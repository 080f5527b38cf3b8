"""One person, one chat: which of a person's two addresses (LID and phone JID) names their chat."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from waypost_common.identifiers import Jid
from waypost_common.jids import is_lid, is_person, parse_jid


class ChatAddresses(Protocol):
    """The choices of a session. One is made at first sight and never changes, since projections never merge two chats."""

    async def chosen(self, jid: Jid, alternative: Jid | None) -> Jid:
        """The chat JID of the person with these addresses, which have no device part. May wait for as long as an outage lasts."""
        ...


@dataclass(frozen=True, slots=True)
class Sighting:
    """The person whose chat an event belongs to, as the event names them. Without device parts."""

    jid: Jid
    alternative: Jid | None
    """Their other address, where it is known as well: one of the two is a LID, the other one a phone JID."""


OF_THE_SESSION: Final = frozenset({"session.status", "auth.qr", "auth.code"})
SUBJECTS: Final = ("chatJid", "groupJid", "from", "jid")
"""The first of these that an event has names what it is about."""
FIELDS_OF_A_PERSON: Final = ("chatJid", "from", "jid")
PAIRS: Final = (("senderLid", "senderJid"), ("lid", "phoneJid"))
"""Fields that together tell both addresses of somebody: who wrote a message, whom a contact.update is about."""


def sighting(event: str, payload: Mapping[str, Any], alternative: Jid | None) -> Sighting | None:
    """Who is seen in an event; None where it belongs to no person's chat. Raises InvalidJidError."""
    subject = None if event in OF_THE_SESSION else next((payload[name] for name in SUBJECTS if payload.get(name)), None)
    person = _person(subject)
    if person is None:
        return None
    others = (alternative, *(told for pair in PAIRS for told in _other_of(person, *map(payload.get, pair))))
    return Sighting(person, next((other for told in others if (other := _person(told)) and _is_pair(person, other)), None))


def with_chat(payload: Mapping[str, Any], seen: Sighting, chosen: Jid) -> Mapping[str, Any]:
    """The payload with that address wherever it names the person's chat; the very same payload where it does so already."""
    mine = {seen.jid, seen.alternative} - {None}
    changed = [name for name in FIELDS_OF_A_PERSON if payload.get(name) != chosen and _person(payload.get(name)) in mine]
    return {**payload, **dict.fromkeys(changed, chosen)} if changed else payload


async def with_chosen_chat(
    event: str, payload: Mapping[str, Any], alternative: Jid | None, addresses: ChatAddresses
) -> Mapping[str, Any]:
    """The payload of an event with the chosen address of the chat it belongs to. Raises InvalidJidError; may wait as `chosen`."""
    seen = sighting(event, payload, alternative)
    return payload if seen is None else with_chat(payload, seen, await addresses.chosen(seen.jid, seen.alternative))


@dataclass(frozen=True, slots=True)
class Choice:
    chosen: Jid
    unkept: Jid | None
    """The address for which the choice must be kept before anything relies on it; None where all is kept that needs to be."""


def choice(kept: Mapping[Jid, Jid], jid: Jid, alternative: Jid | None) -> Choice:
    """Given what is kept for a person's addresses. Pure.

    A LID stands for one person for good, so what is kept for the LID is what holds, and it is kept first: of several processes
    that see a person at once, one makes the choice and the others find it. A phone JID that was seen alone is its own chat and
    binds nobody, so that it can still follow the LID's chat once the two are known to be one person.
    """
    lid, phone = (jid, alternative) if is_lid(jid) else (alternative, jid)
    addresses = [address for address in (lid, phone) if address is not None]
    chosen = next((kept[address] for address in addresses if address in kept), addresses[-1])
    unkept = (address for address in addresses if address not in kept and (address == lid or address != chosen))
    return Choice(chosen, next(unkept, None))


class FirstSight:
    """Keeps what it chose for as long as it lives."""

    def __init__(self) -> None:
        self._kept: dict[Jid, Jid] = {}

    def choose(self, jid: Jid, alternative: Jid | None) -> Jid:
        while (made := choice(self._kept, jid, alternative)).unkept is not None:
            self._kept[made.unkept] = made.chosen
        return made.chosen


def _person(text: object) -> Jid | None:
    if not isinstance(text, str) or not text.endswith(("@lid", "@s.whatsapp.net")):
        return None
    jid = parse_jid(text)
    return jid if is_person(jid) else None


def _other_of(person: Jid, *pair: object) -> tuple[object, ...]:
    """The other one of a pair, where the person is one of it."""
    addresses = [_person(address) for address in pair]
    return tuple(address for address in addresses if address != person) if person in addresses else ()


def _is_pair(one: Jid, other: Jid) -> bool:
    return is_lid(one) != is_lid(other)
