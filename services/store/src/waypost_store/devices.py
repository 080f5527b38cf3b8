"""What connectors keep of the sessions, without the keys themselves."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from waypost_common.device_keys import Keyring
from waypost_common.documents import Collection
from waypost_common.identifiers import EpochMs, SessionId
from waypost_common.mongo import MongoDatabase


class KeyState(StrEnum):
    """What the settings say of the key that something is sealed with."""

    NEWEST = "newest"
    OLDER = "older"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class DeviceLine:
    """What is known of one session's device; None where the document does not tell."""

    session: SessionId
    organization: str | None
    backend: str | None
    fence: int | None
    holder: str | None
    """The process that has the session; None when nobody has."""
    key_id: str | None
    """What its keys are sealed with; None when it has none."""
    key_state: KeyState | None
    """None without keys, or without WAYPOST_DEVICES_KEYS."""
    keys_saved_at: EpochMs | None

    def to_json(self) -> dict[str, Any]:
        return {
            "session": self.session,
            "organization": self.organization,
            "backend": self.backend,
            "fence": self.fence,
            "holder": self.holder,
            "keyId": self.key_id,
            "keyState": self.key_state,
            "keysSavedAt": self.keys_saved_at,
        }


async def list_devices(database: MongoDatabase, keyring: Keyring | None, session: SessionId | None) -> AsyncIterator[DeviceLine]:
    """Of all sessions, or of one, by session id. No key is read, sealed or not."""
    query = {} if session is None else {"_id": session}
    told = ("organization", "backend", "fence", "holder", "keys.keyId", "keysSavedAt")
    async for document in database[Collection.DEVICES].find(query, dict.fromkeys(told, True)).sort("_id", 1):
        key_id = (document.get("keys") or {}).get("keyId")
        yield DeviceLine(
            session=SessionId(document["_id"]),
            organization=document.get("organization"),
            backend=document.get("backend"),
            fence=document.get("fence"),
            holder=document.get("holder"),
            key_id=key_id,
            key_state=_state(key_id, keyring),
            keys_saved_at=document.get("keysSavedAt"),
        )


def _state(key_id: str | None, keyring: Keyring | None) -> KeyState | None:
    if key_id is None or keyring is None:
        return None
    if key_id == keyring.current:
        return KeyState.NEWEST
    return KeyState.OLDER if key_id in keyring.key_ids else KeyState.UNKNOWN
