"""Keyset paging: limits, and cursors that only this gateway can have made."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any, Final

import orjson
import structlog
from starlette.requests import Request

from waypost_api.settings import CursorSettings
from waypost_api.single_parameter import single_parameter
from waypost_common.errors import ValidationFailedError

log = structlog.stdlib.get_logger(__name__)

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
MAX_SINGLE_PAGE: Final = 10_000
"""Lists that the contract has as a single page end here."""

_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_VERSION = b"\x01"
_MAC_BYTES = 16
_MAX_CURSOR_LENGTH = 2_048

Position = list[str | int]


def parse_limit(text: str | None) -> int:
    """Missing or 0 means 50; anything else is brought into 1-200. Raises ValidationFailedError for what is no integer."""
    if not text:
        return DEFAULT_LIMIT
    if not _INTEGER.fullmatch(text):
        raise ValidationFailedError("limit is not an integer", fields={"limit": "must be an integer from 1 to 200"})
    digits = text.lstrip("+-").lstrip("0")
    if not digits:
        return DEFAULT_LIMIT
    if text.startswith("-"):
        return 1
    return MAX_LIMIT if len(digits) > 3 else min(int(digits), MAX_LIMIT)


def signing_secret(settings: CursorSettings) -> bytes:
    """What this gateway alone knows. Unset, it is made up, and what was signed with it ends with this process."""
    if settings.secret is not None:
        return settings.secret.get_secret_value().encode()
    log.warning("cursor_secret_unset", advice="set WAYPOST_CURSOR_SECRET: cursors end with this process until then")
    return secrets.token_bytes(32)


class Cursors:
    """Makes and reads cursors. One is bound to its list: operation, organization, session and filters."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def encode(self, binding: tuple[str, ...], position: Position) -> str:
        payload = _VERSION + orjson.dumps(position)
        return base64.urlsafe_b64encode(self._mac(binding, payload) + payload).rstrip(b"=").decode()

    def decode(self, binding: tuple[str, ...], cursor: str) -> Position:
        """The position that `encode` was given. Raises ValidationFailedError for any other text or another list's cursor."""
        if len(cursor) > _MAX_CURSOR_LENGTH:
            raise _bad_cursor()
        try:
            raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error) as error:
            raise _bad_cursor() from error
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(binding, payload)) or payload[:1] != _VERSION:
            raise _bad_cursor()
        position: Position = orjson.loads(payload[1:])
        return position

    def _mac(self, binding: tuple[str, ...], payload: bytes) -> bytes:
        return hmac.digest(self._secret, orjson.dumps(binding) + b"\n" + payload, hashlib.sha256)[:_MAC_BYTES]


def _bad_cursor() -> ValidationFailedError:
    return ValidationFailedError(
        "the cursor is not one of this list", fields={"cursor": "must be the nextCursor of the page before, unchanged"}
    )


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Where a page starts and how long it may be."""

    limit: int
    position: Position | None
    binding: tuple[str, ...]
    cursors: Cursors

    @classmethod
    def of(cls, request: Request[Any], cursors: Cursors, binding: tuple[str, ...]) -> "PageRequest":
        """Raises ValidationFailedError when `limit` or `cursor` is malformed."""
        cursor = single_parameter(request, "cursor")
        return cls(
            limit=parse_limit(single_parameter(request, "limit")),
            position=cursors.decode(binding, cursor) if cursor else None,
            binding=binding,
            cursors=cursors,
        )

    def cursor_after(self, position: Position) -> str:
        return self.cursors.encode(self.binding, position)
