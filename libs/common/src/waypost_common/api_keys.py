"""API keys: made once, kept only as a hash, compared in constant time by being looked up by that hash (rule R9)."""

import hashlib
import secrets
from enum import StrEnum
from typing import Final

PREFIX: Final = "wa_"
SECRET_BYTES: Final = 32


class Permission(StrEnum):
    READ = "read"
    SEND = "send"
    MANAGE = "manage"
    EVENTS = "events"
    OPERATOR = "operator"


def new_api_key() -> str:
    """A key with 256 bits of randomness. Shown once; only `hash_api_key` of it is stored."""
    return PREFIX + secrets.token_urlsafe(SECRET_BYTES)


def hash_api_key(key: str) -> str:
    """SHA-256, unsalted: the key itself is random, so there is nothing to guess, and the hash can be an index."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def looks_like_api_key(token: str) -> bool:
    return token.startswith(PREFIX)
