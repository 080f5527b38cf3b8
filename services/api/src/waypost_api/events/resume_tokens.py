"""Where a client has got to in the log, as text that means something to any replica of the gateway and to nobody else. Pure."""

import base64
import binascii
import hashlib
import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from waypost_common.errors import ValidationFailedError
from waypost_common.identifiers import OrganizationId

Positions = list[int]
"""The first offset of each partition of `wa.events` that was not looked at yet, by the partition's number."""

LONGEST: Final = 128 * 1024
"""Characters: 10,000 partitions of 2^63 records each."""
_VERSION: Final = b"waypost events 1"
_LARGEST: Final = 2**63 - 1


class ResumeTokens:
    """Sealed, not only signed: offsets tell how much all organizations together write. Bound to the caller's organization.

    Without a nonce (AES-SIV, RFC 5297): the same place gives the same text, and no number of them weakens the key.
    """

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(hmac.digest(secret, _VERSION, hashlib.sha512))

    def encode(self, organization: OrganizationId, positions: Positions) -> str:
        sealed = self._cipher.encrypt(packed(positions), [organization.encode()])
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def decode(self, organization: OrganizationId, text: str) -> Positions:
        """What `encode` was given. Raises ValidationFailedError for any other text, and for another organization's."""
        if len(text) > LONGEST:
            raise _bad_token()
        try:
            raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
            return unpacked(self._cipher.decrypt(raw, [organization.encode()]))
        except (ValueError, binascii.Error, InvalidTag) as error:
            raise _bad_token() from error


def packed(positions: Positions) -> bytes:
    """Seven bits a byte, the lowest first; the highest bit says that more follow."""
    found = bytearray()
    for position in positions:
        left = position
        while left > 0x7F:
            found.append(left & 0x7F | 0x80)
            left >>= 7
        found.append(left)
    return bytes(found)


def unpacked(data: bytes) -> Positions:
    """Raises ValueError for what `packed` never makes."""
    positions: Positions = []
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if value > _LARGEST:
            raise ValueError("an offset is too large")
        if byte < 0x80:
            positions.append(value)
            value = shift = 0
    if shift:
        raise ValueError("the last offset is cut")
    return positions


def _bad_token() -> ValidationFailedError:
    return ValidationFailedError(
        "there is no such place in the log: begin without one, and read what you keep anew",
        fields={"since": "must be the id of an event of this stream, unchanged, or a time in epoch milliseconds"},
    )
