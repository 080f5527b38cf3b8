"""WhatsApp addresses (JIDs): their form, and what the domain says of a chat."""

import re
from enum import StrEnum
from functools import lru_cache

from waypost_common.identifiers import Jid

MAX_JID_LENGTH = 128
JIDS_REMEMBERED = 16_384
STATUS_BROADCAST = Jid("status@broadcast")

_JID = re.compile(r"(?P<user>[A-Za-z0-9._+-]{1,90})(?::(?P<device>\d{1,5}))?@(?P<domain>[a-z.]{1,30})", re.ASCII)


class ChatType(StrEnum):
    DM = "dm"
    GROUP = "group"
    NEWSLETTER = "newsletter"
    BROADCAST = "broadcast"
    STATUS = "status"


CHAT_TYPE_OF_DOMAIN = {
    "s.whatsapp.net": ChatType.DM,
    "lid": ChatType.DM,
    "g.us": ChatType.GROUP,
    "newsletter": ChatType.NEWSLETTER,
    "broadcast": ChatType.BROADCAST,
}


class InvalidJidError(ValueError):
    """The text is not a JID of a known kind."""


@lru_cache(maxsize=JIDS_REMEMBERED)
def parse_jid(text: str) -> Jid:
    """The JID without its device part (`628123:12@s.whatsapp.net` is the person `628123@s.whatsapp.net`).

    Raises InvalidJidError for anything but `<user>[:device]@<known domain>`.
    """
    match = _JID.fullmatch(text) if len(text) <= MAX_JID_LENGTH else None
    if match is None or match["domain"] not in CHAT_TYPE_OF_DOMAIN:
        raise InvalidJidError("not a WhatsApp JID of a known kind")
    return Jid(f"{match['user']}@{match['domain']}")


def domain(jid: Jid) -> str:
    return jid.rpartition("@")[2]


def user_part(jid: Jid) -> str:
    return jid.partition("@")[0]


def chat_type(jid: Jid) -> ChatType:
    return ChatType.STATUS if jid == STATUS_BROADCAST else CHAT_TYPE_OF_DOMAIN[domain(jid)]


def is_lid(jid: Jid) -> bool:
    return jid.endswith("@lid")


def is_phone_jid(jid: Jid) -> bool:
    return jid.endswith("@s.whatsapp.net")


def is_person(jid: Jid) -> bool:
    return is_lid(jid) or is_phone_jid(jid)


def is_group(jid: Jid) -> bool:
    return jid.endswith("@g.us")


def is_newsletter(jid: Jid) -> bool:
    return jid.endswith("@newsletter")
