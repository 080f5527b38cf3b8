"""A session's WhatsApp keys as MongoDB holds them: sealed with AES-256-GCM, for that session alone."""

import hashlib
import json
import secrets
import sys
from collections.abc import Sequence
from typing import Any, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from waypost_common.documents import SealedKeys
from waypost_common.environment import WRONG_SETTINGS
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.settings import DEVICE_KEY_BYTES, DeviceBlock

__all__ = [
    "DamagedDeviceKeysError",
    "DeviceKeysError",
    "Keyring",
    "SealedKeys",
    "UnknownDeviceKeyError",
    "key_id",
    "new_device_key",
    "required_keyring",
]

NONCE_BYTES: Final = 12
KEY_ID_PREFIX: Final = "dk_"
PURPOSE: Final = "waypost device keys, 1"
UNSET: Final = (
    "WAYPOST_DEVICES_KEYS is not set: its keys seal what sessions log in with. Give all connectors and `waypost devices` the "
    "same; `waypost devices new-key` makes one"
)


class DeviceKeysError(Exception):
    """Sealed keys cannot be opened. The text is one line that says why and what to do; it never holds a secret."""


class UnknownDeviceKeyError(DeviceKeysError):
    """They are sealed with a key that the settings do not have."""


class DamagedDeviceKeysError(DeviceKeysError):
    """The data were changed, or put there from another session."""


class Keyring:
    """The keys of the settings: the first seals, all open."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Each of 32 bytes, newest first. Raises ValueError for none, or one of another length."""
        if not keys or any(len(key) != DEVICE_KEY_BYTES for key in keys):
            raise ValueError(f"a keyring takes at least one key, each of {DEVICE_KEY_BYTES} bytes")
        self._keys = {key_id(key): key for key in keys}
        self._current = key_id(keys[0])

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"

    @classmethod
    def from_settings(cls, devices: DeviceBlock) -> Self | None:
        """None when no key is set."""
        keys = devices.decoded()
        return cls(keys) if keys else None

    @property
    def current(self) -> str:
        """The id of the key that seals."""
        return self._current

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Of all keys, newest first."""
        return tuple(self._keys)

    def seal(self, session: SessionId, organization: OrganizationId, keys: bytes) -> SealedKeys:
        """Another ciphertext at each call, with the newest key."""
        bound = _bound(session, organization)
        nonce = secrets.token_bytes(NONCE_BYTES)
        data = AESGCM(_derived(self._keys[self._current], bound)).encrypt(nonce, keys, bound)
        return SealedKeys(keyId=self._current, nonce=nonce, data=data)

    def open(self, session: SessionId, organization: OrganizationId, sealed: SealedKeys) -> bytes:
        """What was sealed for this session of this organization.

        Raises UnknownDeviceKeyError and DamagedDeviceKeysError; whatever else is under `keys` counts as damaged.
        """
        name, nonce, data = _parts(session, sealed)
        key = self._keys.get(name)
        if key is None:
            raise UnknownDeviceKeyError(
                f"the device keys of session {session} are sealed with the key {name}, which WAYPOST_DEVICES_KEYS does not have "
                f"(it has {', '.join(self._keys)}): add that key behind the others, or pair the session anew"
            )
        bound = _bound(session, organization)
        try:
            return AESGCM(_derived(key, bound)).decrypt(nonce, data, bound)
        except InvalidTag:
            raise _damaged(session, "were changed, or sealed for another session or organization") from None


def key_id(key: bytes) -> str:
    """Names a key without telling it."""
    return KEY_ID_PREFIX + hashlib.sha256(PURPOSE.encode() + key).hexdigest()[:16]


def new_device_key() -> str:
    """A random key, as the setting takes it."""
    return secrets.token_urlsafe(DEVICE_KEY_BYTES)


def required_keyring(devices: DeviceBlock, program: str) -> Keyring:
    """Ends the process with exit code 2 and one line when no key is set."""
    keyring = Keyring.from_settings(devices)
    if keyring is None:
        sys.stderr.write(f"{program}: {UNSET}\n")
        sys.exit(WRONG_SETTINGS)
    return keyring


def _bound(session: SessionId, organization: OrganizationId) -> bytes:
    return json.dumps([PURPOSE, session, organization]).encode()


def _derived(key: bytes, bound: bytes) -> bytes:
    # Random nonces may repeat after 2^32 uses of a key (NIST SP 800-38D, 8.3): a key for each session never gets there.
    return HKDF(algorithm=SHA256(), length=DEVICE_KEY_BYTES, salt=None, info=bound).derive(key)


def _parts(session: SessionId, sealed: Any) -> tuple[str, bytes, bytes]:
    match sealed:
        case {"keyId": str(name), "nonce": bytes(nonce), "data": bytes(data)} if len(nonce) == NONCE_BYTES:
            return name, nonce, data
        case _:
            raise _damaged(session, "have not the form of sealed keys")


def _damaged(session: SessionId, how: str) -> DamagedDeviceKeysError:
    return DamagedDeviceKeysError(f"the device keys of session {session} {how}: restore them from a backup, or pair it anew")
