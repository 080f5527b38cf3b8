"""What a connector keeps of a session."""

from typing import NotRequired, TypedDict

from waypost_common.identifiers import EpochMs, OrganizationId, SessionId


class SealedKeys(TypedDict):
    """What a session logs in to WhatsApp with, as `waypost_common.device_keys` seals it."""

    keyId: str
    """Which key of the settings it is sealed with."""
    nonce: bytes
    data: bytes
    """The ciphertext with its tag."""


class DeviceDocument(TypedDict):
    """Older documents have of all but the id only `sentAt`."""

    _id: SessionId
    organization: NotRequired[OrganizationId]
    backend: NotRequired[str]
    fence: NotRequired[int]
    """Goes up by one with every process that takes the session. What comes under a lower one is refused."""
    holder: NotRequired[str | None]
    """The token of the process that has the session; null once it gave it back."""
    previousHolder: NotRequired[str | None]
    sentAt: NotRequired[list[EpochMs]]
    """When the session sent, as far as its limits ask for it."""
    keys: NotRequired[SealedKeys]
    """Absent until the session is paired."""
    keysSavedAt: NotRequired[EpochMs]


class ConnectorDocument(TypedDict):
    """The process that runs under a connector's name; none where it has left it."""

    _id: str
    """`<backend>|<gateway id>`."""
    holder: str
    """The token of the process."""
    beat: int
    """Goes up twice a second while the process lives."""
    pid: int
    host: str
    startedAt: EpochMs
