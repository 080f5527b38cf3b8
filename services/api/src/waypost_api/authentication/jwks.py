"""The frontend's public keys, fetched from its JWKS address."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
import orjson
import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from waypost_api.metrics import Metrics
from waypost_api.settings import JwtSettings
from waypost_common.errors import UnavailableError

log = structlog.stdlib.get_logger(__name__)

MAX_JWKS_BYTES: Final = 256 * 1024
MAX_KEYS: Final = 100
ASYMMETRIC_KEY_TYPES: Final = frozenset({"RSA", "EC", "OKP"})

JwksFetch = Callable[[], Awaitable[bytes]]
"""The body of the JWKS. Raises httpx.HTTPError or ValueError."""


def jwks_fetch(client: httpx.AsyncClient, url: str) -> JwksFetch:
    async def fetch() -> bytes:
        received = bytearray()
        async with client.stream("GET", url) as response:
            if response.status_code != 200:
                raise ValueError(f"the JWKS address answered {response.status_code}")
            async for chunk in response.aiter_bytes():
                received += chunk
                if len(received) > MAX_JWKS_BYTES:
                    raise ValueError("the JWKS is too long")
        return bytes(received)

    return fetch


class SigningKeys:
    """Known keys by `kid`. An outage of the JWKS address leaves the known ones in use, for as long as the settings say."""

    def __init__(
        self, fetch: JwksFetch, settings: JwtSettings, metrics: Metrics, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._settings = settings
        self._metrics = metrics
        self._monotonic = monotonic
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._reachable = True
        self._lock = asyncio.Lock()

    async def find(self, kid: str) -> PyJWK | None:
        """The key, or None when the frontend does not know it. Raises UnavailableError when the frontend cannot be asked."""
        known = kid in self._keys
        self._metrics.cache("jwks", hit=known)
        # Of those who know the key, one fetches it again once it is old; the others go on, until it is too old.
        if not known or self._is_too_old() or (self._is_old() and not self._lock.locked()):
            await self._refresh(kid)
        key = self._keys.get(kid)
        if self._is_too_old() or (key is None and not self._reachable):
            raise UnavailableError("login tokens cannot be checked at the moment: their keys are out of reach", retry_after=5)
        return key

    def _is_old(self) -> bool:
        return self._fetched_at is None or self._monotonic() - self._fetched_at > self._settings.max_age_s

    def _is_too_old(self) -> bool:
        """Nobody knows by now which of the keys were withdrawn."""
        most = self._settings.max_age_s + self._settings.outage_s
        return self._fetched_at is not None and self._monotonic() - self._fetched_at > most

    async def _refresh(self, kid: str) -> None:
        async with self._lock:
            if kid in self._keys and not self._is_old():
                return
            now = self._monotonic()
            if self._tried_at is not None and now - self._tried_at < self._settings.refetch_interval_s:
                return
            self._tried_at = now
            try:
                self._keys = parse_jwks(await self._fetch())
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                self._reachable = False
                log.warning("jwks_unreachable", error=type(error).__name__)
            else:
                self._reachable = True
                self._fetched_at = self._monotonic()


def parse_jwks(body: bytes) -> dict[str, PyJWK]:
    """The usable keys of a JWKS by `kid`: public, asymmetric, for signatures. Raises ValueError for what is no JWKS."""
    document: Any = orjson.loads(body)
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a JWKS")  # noqa: TRY004  (callers treat any bad body alike)
    keys: dict[str, PyJWK] = {}
    for entry in entries[:MAX_KEYS]:
        if not isinstance(entry, dict) or entry.get("kty") not in ASYMMETRIC_KEY_TYPES or entry.get("use", "sig") != "sig":
            continue
        kid = entry.get("kid")
        try:
            key = PyJWK(entry)
        except (PyJWTError, ValueError, TypeError) as error:
            log.warning("jwks_key_ignored", error=type(error).__name__)
            continue
        if isinstance(kid, str):
            keys[kid] = key
    return keys
