"""What differs between a stored document and the folded one, and what nobody can see. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from waypost_common.documents import Collection
from waypost_common.mongo import Document

ABSENT: Final = object()


class Key(NamedTuple):
    collection: Collection
    id: str


class Kind(StrEnum):
    DIFFERS = "differs"
    MISSING = "missing"
    """In the log, not stored."""
    EXTRA = "extra"
    """Stored, not in the log."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    key: Key
    kind: Kind
    fields: list[str]
    """Those that differ; all of them where the document is missing or extra."""
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of each field, `stored` and `folded`, as far as it has one there. Holds message text."""

    def to_json(self, *, values: bool) -> dict[str, Any]:
        told: dict[str, Any] = {"kind": self.kind, "collection": self.key.collection, "id": self.key.id, "fields": self.fields}
        return told | ({"values": self.values} if values else {})


def compare(key: Key, stored: Document | None, folded: Document | None) -> Difference | None:
    if stored == folded:
        return None
    kind = Kind.MISSING if stored is None else Kind.EXTRA if folded is None else Kind.DIFFERS
    stored, folded = stored or {}, folded or {}
    names = sorted(stored.keys() | folded.keys())
    fields = [name for name in names if stored.get(name, ABSENT) != folded.get(name, ABSENT)]
    values = {
        name: {side: document[name] for side, document in (("stored", stored), ("folded", folded)) if name in document}
        for name in fields
    }
    return Difference(key=key, kind=kind, fields=fields, values=values)


def is_ahead(key: Key, stored: Document | None, reached: Mapping[int, int]) -> bool:
    """Whether a stored document holds events beyond those that are folded, as far as its own position says."""
    if stored is None:
        return False
    offset = stored.get("appliedOffset" if key.collection is Collection.MESSAGES else "offset", -1)
    partition = stored.get("partition", -1)
    return isinstance(offset, int) and partition in reached and offset >= reached[partition]


def session_of(key: Key) -> str:
    return key.id.partition("|")[0]


def chat_of(key: Key) -> str:
    """The id of a message's chat document."""
    return "|".join(key.id.split("|", 2)[:2])


def is_older_epoch(stored: Document | None, folded: Document | None, chats: list[Document]) -> bool:
    """Whether a message is from before its chat's last deletion: nobody sees it, and the purge removes it."""
    message = folded or stored or {}
    return any(message.get("epoch", 0) < chat["epoch"] for chat in chats)
