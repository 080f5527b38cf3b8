"""Which collections there are, and their names in each generation."""

from enum import StrEnum
from typing import Final


class Collection(StrEnum):
    """Projections carry their generation as a suffix from the second one on (`chats_g2`); bookkeeping has none."""

    SESSIONS = "sessions"
    CHATS = "chats"
    MESSAGES = "messages"
    CHANNELS = "channels"
    CONTACTS = "contacts"
    GROUPS = "groups"
    GROUP_MEMBERS = "group_members"
    ADDRESSES = "addresses"
    OPERATIONS = "operations"
    DEVICES = "devices"
    CONNECTORS = "connectors"
    API_KEYS = "api_keys"
    GENERATIONS = "generations"
    POSITIONS = "positions"
    MIGRATIONS = "migrations"
    RATE_LIMITS = "rate_limits"
    LEASES = "leases"
    DEAD_LETTERS_SETTLED = "dead_letters_settled"


PROJECTIONS: Final = (
    Collection.SESSIONS,
    Collection.CHATS,
    Collection.MESSAGES,
    Collection.CHANNELS,
    Collection.CONTACTS,
    Collection.GROUPS,
    Collection.GROUP_MEMBERS,
)


def collection_name(collection: Collection, generation: int = 1) -> str:
    return collection.value if generation == 1 or collection not in PROJECTIONS else f"{collection.value}_g{generation}"
