"""API keys: made once, kept as hashes, revoked by id."""

import re
from typing import Any, Final

from ulid import ULID

from waypost_common.api_keys import Permission, hash_api_key, new_api_key
from waypost_common.clock import now_ms
from waypost_common.documents import ApiKeyDocument, Collection
from waypost_common.identifiers import EpochMs, OrganizationId, SessionId
from waypost_common.mongo import MongoDatabase
from waypost_store.errors import StoreError

UNIT_MS: Final = {"h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
LONGEST_MS: Final = 3_650 * UNIT_MS["d"]
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def parse_lifetime(text: str) -> int:
    """`90d`, `12h` or `4w` in milliseconds. Raises StoreError."""
    match = re.fullmatch(r"(\d{1,6})([hdw])", text, re.ASCII)
    lifetime = int(match[1]) * UNIT_MS[match[2]] if match else 0
    if not 0 < lifetime <= LONGEST_MS:
        raise StoreError("--expires takes a number of hours, days or weeks up to ten years: 12h, 90d or 4w")
    return lifetime


def parse_permissions(text: str, *, operator: bool) -> list[str]:
    """`read,send` as the document holds it. Raises StoreError naming what is unknown."""
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(names - set(Permission))
    if unknown:
        raise StoreError(f"unknown permission {', '.join(unknown)}: use some of {', '.join(Permission)}")
    if operator:
        names.add(Permission.OPERATOR)
    if not names:
        raise StoreError(f"--permissions names none: use some of {', '.join(Permission)}")
    return [permission.value for permission in Permission if permission in names]


def checked_name(text: str, option: str) -> str:
    if not NAME.fullmatch(text):
        raise StoreError(f"{option} takes 1 to 64 letters, digits, '_' or '-'")
    return text


async def create_key(
    database: MongoDatabase,
    *,
    organization: OrganizationId,
    permissions: list[str],
    session: SessionId | None = None,
    lifetime_ms: int | None = None,
    label: str | None = None,
) -> tuple[str, str]:
    """The new key's id and its secret, which exists nowhere else afterwards."""
    secret = new_api_key()
    now = now_ms()
    document = ApiKeyDocument(
        _id=f"key_{ULID()}",
        hash=hash_api_key(secret),
        organization=organization,
        permissions=permissions,
        session=session,
        createdAt=now,
        expiresAt=None if lifetime_ms is None else EpochMs(now + lifetime_ms),
        revokedAt=None,
        ratePerMin=None,
        label=label,
    )
    await database[Collection.API_KEYS].insert_one(dict(document))
    return document["_id"], secret


async def list_keys(database: MongoDatabase, organization: OrganizationId | None) -> list[dict[str, Any]]:
    """All keys, or those of one organization, oldest first. Never a hash."""
    query = {} if organization is None else {"organization": organization}
    found = database[Collection.API_KEYS].find(query, {"hash": False}).sort("_id", 1)
    return [{"id": document.pop("_id"), **document} async for document in found]


async def revoke_key(database: MongoDatabase, key: str) -> bool:
    """Idempotent: a key that was revoked before stays so. False when there is no such key."""
    now = now_ms()
    result = await database[Collection.API_KEYS].update_one({"_id": key, "revokedAt": None}, {"$set": {"revokedAt": now}})
    return bool(result.matched_count) or await database[Collection.API_KEYS].find_one({"_id": key}) is not None
