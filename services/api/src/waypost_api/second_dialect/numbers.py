"""The `number` of a request: a phone number as people write it, or a JID."""

import re
from typing import Final

from waypost_api.second_dialect.errors import MAX_TOLD, RequestRefusedError
from waypost_common.identifiers import Jid
from waypost_common.jids import InvalidJidError, is_phone_jid, parse_jid, user_part

_PUNCTUATION: Final = re.compile(r"[\s+()\[\]-]")
_DIGITS: Final = re.compile(r"[0-9]+")
_BRAZILIAN: Final = re.compile(r"(?P<area>55[0-9]{2})(?P<ninth>9?)(?P<subscriber>[0-9]{8})")


def parse_number(text: str) -> Jid:
    """Raises RequestRefusedError for what is neither a number nor a JID of a known kind."""
    number = text.strip()
    if "@" not in number:
        number = _PUNCTUATION.sub("", number)
        if not number:
            raise RequestRefusedError(400, "Number is required")
        if not _DIGITS.fullmatch(number):
            raise _invalid(text)
        number = f"{number}@s.whatsapp.net"
    try:
        return parse_jid(number)
    except InvalidJidError as error:
        raise _invalid(text) from error


def forms_of(jid: Jid) -> tuple[Jid, ...]:
    """The JID, then what else the same person may be stored as.

    Brazilian mobile numbers grew a ninth digit, a 9 after the area code; WhatsApp knows many people by the shorter form.
    """
    match = _BRAZILIAN.fullmatch(user_part(jid)) if is_phone_jid(jid) else None
    if match is None:
        return (jid,)
    ninth = "" if match["ninth"] else "9"
    return (jid, Jid(f"{match['area']}{ninth}{match['subscriber']}@s.whatsapp.net"))


def _invalid(text: str) -> RequestRefusedError:
    return RequestRefusedError(400, f"Invalid number: {text[:MAX_TOLD]}")
