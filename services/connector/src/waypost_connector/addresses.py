"""One person, one chat: which of a person's two addresses names their chat."""

from collections.abc import Mapping
from typing import Any, Protocol

from waypost_common.identifiers import Jid
from waypost_common.jids import is_phone_jid, parse_jid


class ChatAddresses(Protocol):
    """The choice of a session. It is made at first sight and never changes, since projections never merge two chats."""

    def chosen(self, jid: Jid, alternative: Jid | None) -> Jid:
        """The chat JID of the person who has these addresses, without device part."""
        ...


class FirstSight:
    """Takes the phone JID where it is known, and remembers who was seen without one, for as long as the process lives."""

    MOST_REMEMBERED = 100_000

    def __init__(self) -> None:
        self._chosen: dict[Jid, Jid] = {}

    def chosen(self, jid: Jid, alternative: Jid | None) -> Jid:
        jid = parse_jid(jid)
        if alternative is None:
            return self._chosen.get(jid, jid)
        other = parse_jid(alternative)
        known = self._chosen.get(jid) or self._chosen.get(other)
        if known is None:
            known = other if is_phone_jid(other) else jid
            while len(self._chosen) > self.MOST_REMEMBERED:
                del self._chosen[next(iter(self._chosen))]
        self._chosen[jid] = self._chosen[other] = known
        return known


FIELDS_OF_A_PERSON = ("chatJid", "from", "jid")


def with_chosen_chat(payload: Mapping[str, Any], alternative: Jid | None, addresses: ChatAddresses) -> Mapping[str, Any]:
    """The payload with the chat's chosen address. Untouched where WhatsApp gave one address only and none was chosen before."""
    changed: dict[str, Any] = {}
    for field in FIELDS_OF_A_PERSON:
        address = payload.get(field)
        if isinstance(address, str) and address.endswith(("@lid", "@s.whatsapp.net")):
            chosen = addresses.chosen(Jid(address), alternative)
            if chosen != address:
                changed[field] = chosen
    return {**payload, **changed} if changed else payload
