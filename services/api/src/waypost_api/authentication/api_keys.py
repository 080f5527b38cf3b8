"""API keys, looked up by their hash and kept in memory for a second or two."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from waypost_api.authentication.principal import Principal
from waypost_api.metrics import Metrics
from waypost_common.api_keys import Permission, hash_api_key
from waypost_common.documents import ApiKeyDocument, Collection
from waypost_common.errors import UnauthorizedError
from waypost_common.mongo import MongoDatabase

MAX_KEY_LENGTH: Final = 512
MAX_CACHED: Final = 10_000
_KNOWN_PERMISSIONS: Final = frozenset(permission.value for permission in Permission)

KeyLookup = Callable[[str], Awaitable[ApiKeyDocument | None]]
"""The key with that hash, or None."""


def key_lookup(database: MongoDatabase) -> KeyLookup:
    async def find(key_hash: str) -> ApiKeyDocument | None:
        found: Any = await database[Collection.API_KEYS].find_one({"hash": key_hash})
        return cast("ApiKeyDocument | None", found)

    return find


class ApiKeys:
    """Only keys that exist are cached: a new key works at once, a revoked one stops within `ttl_s`."""

    def __init__(
        self,
        find: KeyLookup,
        *,
        ttl_s: float,
        metrics: Metrics,
        monotonic: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self._find = find
        self._ttl_s = ttl_s
        self._metrics = metrics
        self._monotonic = monotonic
        self._now_ms = now_ms
        self._cached: OrderedDict[str, tuple[float, ApiKeyDocument]] = OrderedDict()

    async def authenticate(self, key: str) -> Principal:
        """Raises UnauthorizedError for a key that is unknown, revoked or expired: with the same words."""
        if len(key) > MAX_KEY_LENGTH:
            raise UnauthorizedError
        document = await self._document(hash_api_key(key))
        if document is None or document["revokedAt"] is not None:
            raise UnauthorizedError
        if document["expiresAt"] is not None and document["expiresAt"] <= self._now_ms():
            raise UnauthorizedError
        return Principal(
            kind="api_key",
            id=document["_id"],
            organization=document["organization"],
            permissions=frozenset(Permission(name) for name in document["permissions"] if name in _KNOWN_PERMISSIONS),
            session=document["session"],
        )

    async def _document(self, key_hash: str) -> ApiKeyDocument | None:
        now = self._monotonic()
        cached = self._cached.get(key_hash)
        fresh = cached is not None and now < cached[0]
        self._metrics.cache("api_keys", hit=fresh)
        if cached is not None and fresh:
            return cached[1]
        document = await self._find(key_hash)
        self._cached.pop(key_hash, None)
        if document is not None:
            self._cached[key_hash] = (now + self._ttl_s, document)
            if len(self._cached) > MAX_CACHED:
                self._cached.popitem(last=False)
        return document
